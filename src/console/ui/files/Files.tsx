import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { FilesQuery } from '../../generated/FilesQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../Empty.tsx';
import { Icon } from '../Icon.tsx';
import { CreateFile } from './CreateFile.tsx';
import { OpenFile } from './OpenFile.tsx';
import { sizeInWords } from './size.ts';
import './files.css';

const query = graphql`
  query FilesQuery($tenant: String!, $namespace: String!, $after: String, $path: String!, $hasPath: Boolean!) {
    tenant(key: $tenant) {
      namespace(name: $namespace) {
        files(first: 100, after: $after) {
          nodes {
            path
            size
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
        file(path: $path) @include(if: $hasPath) {
          path
          size
          digest
          updatedAt
          content
        }
      }
    }
  }
`;

export interface FilesProps {
  readonly tenant: string;
  readonly namespace: string;
}

/** The part of the address: the open file, and the place in the list. */
interface FilesSearch {
  readonly file?: string | undefined;
  readonly after?: string | undefined;
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

/** The files of a namespace, which its flows read. One of them is open in the editor. */
export function Files({ tenant: key, namespace: name }: FilesProps) {
  const { file: path, after } = useSearch({ strict: false }) as FilesSearch;
  const [isCreating, setIsCreating] = useState(false);
  const { tenant } = useAnswer<FilesQuery>(query, {
    tenant: key,
    namespace: name,
    after: after ?? null,
    path: path ?? '',
    hasPath: path !== undefined,
  });
  const namespace = tenant?.namespace;
  if (!namespace?.files) return <Empty icon="ns" title="You do not have permission to see the files" />;
  const { nodes, pageInfo } = namespace.files;
  const create = (
    <ActionButton permission={needs.putNamespaceFile} icon="plus" className="sm" onPress={() => setIsCreating(true)}>
      Add files
    </ActionButton>
  );
  const folders = [...new Set(nodes.map((one) => folderOf(one.path)))].sort();
  return (
    <>
      {nodes.length === 0 && after === undefined ? (
        <Empty icon="ns" title="No files in this namespace">
          <p>Scripts, queries and settings that flows of {name} read. A flow names them by their path.</p>
          {create}
        </Empty>
      ) : (
        <div className="files">
          <nav className="files-list" aria-label="Files">
            <div className="row">
              <span className="quiet grow">{name}</span>
              {create}
            </div>
            {folders.map((folder) => (
              <section key={folder} aria-label={folder === '' ? 'At the top' : folder}>
                {folder !== '' && <h3>{folder}</h3>}
                <ul>
                  {nodes
                    .filter((one) => folderOf(one.path) === folder)
                    .map((one) => (
                      <li key={one.path}>
                        <Link
                          to="."
                          search={((before: object) => ({ ...before, file: one.path })) as never}
                          aria-current={one.path === path ? 'page' : undefined}
                        >
                          <Icon name="code" />
                          <span className="cut grow">{one.path.slice(folder.length)}</span>
                          <span className="quiet">{sizeInWords(one.size)}</span>
                        </Link>
                      </li>
                    ))}
                </ul>
              </section>
            ))}
            <div className="row">
              {after !== undefined && (
                <Link
                  className="btn sm"
                  to="."
                  search={((before: object) => ({ ...before, after: undefined })) as never}
                >
                  First files
                </Link>
              )}
              {pageInfo.hasNextPage && (
                <Link
                  className="btn sm"
                  to="."
                  search={((before: object) => ({ ...before, after: pageInfo.endCursor })) as never}
                >
                  More files
                </Link>
              )}
            </div>
          </nav>
          <div className="files-open">
            {path === undefined ? (
              <Empty icon="code" title="Choose a file">
                <p>It opens here, to read and change it.</p>
              </Empty>
            ) : namespace.file ? (
              <OpenFile key={path} tenant={key} namespace={name} file={namespace.file} />
            ) : (
              <Empty icon="code" title="This file does not exist">
                <p>It was deleted or renamed.</p>
              </Empty>
            )}
          </div>
        </div>
      )}
      {isCreating && <CreateFile tenant={key} namespace={name} close={() => setIsCreating(false)} />}
    </>
  );
}

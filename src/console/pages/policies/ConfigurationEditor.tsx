import { useState } from 'react';
import { parse, stringify } from 'yaml';
import { useMay } from '../../access/viewer.ts';
import { Icon } from '../../ui/Icon.tsx';
import { Proposal } from './Proposal.tsx';

export interface ConfigurationEditorProps {
  readonly policies: Readonly<Record<string, object>>;
  readonly mayGrant: readonly string[];
}

interface Read {
  readonly policies?: Readonly<Record<string, object>>;
  readonly mayGrant?: readonly string[];
}

export const textOf = (value: unknown): string => stringify(value, { lineWidth: 100 });

/** The value of a YAML text, or what is wrong with it. */
export function read(text: string): { readonly value: unknown } | { readonly fault: string } {
  try {
    return { value: parse(text) ?? {} };
  } catch (error) {
    return { fault: error instanceof Error ? (error.message.split('\n')[0] ?? 'Not YAML.') : 'Not YAML.' };
  }
}

/** All settings as one text, in the format of the configuration file. */
export function ConfigurationEditor({ policies, mayGrant }: ConfigurationEditorProps) {
  const before = textOf({ policies, mayGrant });
  const [text, setText] = useState(before);
  const mayChange = useMay('POLICY:UPDATE', 'instance');
  const found = read(text);
  const { policies: proposed = {}, mayGrant: granting = [] } = ('value' in found ? found.value : {}) as Read;
  const isChanged = text !== before;
  return (
    <div className={isChanged ? 'split' : ''}>
      <div className="body">
        <div className="section">
          <h2 id="configuration">Settings of all policies</h2>
          <span className="quiet">
            {mayChange ? (isChanged ? 'not in force' : 'no changes') : 'To change them, you need POLICY:UPDATE.'}
          </span>
        </div>
        <textarea
          className="input mono code"
          aria-labelledby="configuration"
          rows={Math.max(16, text.split('\n').length + 1)}
          value={text}
          readOnly={!mayChange}
          spellCheck={false}
          onChange={({ target }) => setText(target.value)}
        />
        {'fault' in found && (
          <p className="fault" role="alert">
            <Icon name="alert" />
            <span>{found.fault}</span>
          </p>
        )}
      </div>
      {isChanged && 'value' in found && (
        <Proposal policies={proposed} mayGrant={granting} discard={() => setText(before)} />
      )}
    </div>
  );
}

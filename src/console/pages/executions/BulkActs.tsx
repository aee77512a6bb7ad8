import { useState } from 'react';
import { graphql, useRelayEnvironment } from 'react-relay/hooks';
import type { BulkActsCountQuery } from '../../generated/BulkActsCountQuery.graphql.ts';
import { ask } from '../../relay/ask.ts';
import { faultsIn } from '../../relay/fault.ts';
import { ActButton, MoreActs } from '../../ui/executions/ActButtons.tsx';
import { ActDialog } from '../../ui/executions/ActDialog.tsx';
import { type ActName, actNames } from '../../ui/executions/acts.ts';
import { toast } from '../../ui/toast.ts';
import type { Row } from './columns.tsx';

const countQuery = graphql`
  query BulkActsCountQuery($tenant: String!, $where: ExecutionWhere) {
    tenant(key: $tenant) {
      executions(where: $where, first: 1) {
        totalCount
      }
    }
  }
`;

export interface BulkActsProps {
  readonly tenant: string;
  readonly rows: readonly Row[];
  readonly where: object;
  /** True if all rows of the page are chosen: then all that match can be, too. */
  readonly isWholePage: boolean;
  readonly clear: () => void;
}

const first: readonly ActName[] = ['restart', 'labels', 'kill'];
const others = actNames.filter((name) => !first.includes(name));

/** Acts on the chosen executions, or on all that match the filters. */
export function BulkActs({ tenant, rows, where, isWholePage, clear }: BulkActsProps) {
  const environment = useRelayEnvironment();
  const [act, setAct] = useState<ActName>();
  const [total, setTotal] = useState<number>();
  const chooseAll = async () => {
    try {
      const answer = await ask<BulkActsCountQuery>(environment, countQuery, { tenant, where });
      setTotal(answer?.tenant?.executions?.totalCount);
    } catch (error) {
      toast('Not counted', faultsIn(error)[0]?.message);
    }
  };
  return (
    <section className="bulk" aria-label="Chosen rows">
      <span className="strong">{(total ?? rows.length).toLocaleString()} chosen</span>
      {isWholePage && total === undefined && (
        <button type="button" className="btn plain sm" onClick={() => void chooseAll()}>
          Choose all that match
        </button>
      )}
      {first.map((name) => (
        <ActButton key={name} name={name} rows={total === undefined ? rows : []} className="sm" onPress={setAct} />
      ))}
      <MoreActs names={others} rows={total === undefined ? rows : []} className="sm" onPress={setAct} />
      <button type="button" className="btn plain sm" onClick={clear}>
        Clear
      </button>
      {act && (
        <ActDialog
          act={act}
          tenant={tenant}
          target={total === undefined ? { rows } : { where, count: total }}
          close={() => {
            setAct(undefined);
            clear();
          }}
        />
      )}
    </section>
  );
}

import { Dialog } from './Dialog.tsx';
import { Icon } from './Icon.tsx';

export interface ItemResultsProps {
  readonly title: string;
  readonly names: readonly string[];
  /** By the place of the item: why it is refused; undefined if it is done. */
  readonly faults: readonly (string | undefined)[];
  readonly close: () => void;
}

/** How it went for each item of one change, some of which were refused. */
export function ItemResults({ title, names, faults, close }: ItemResultsProps) {
  const done = faults.filter((fault) => fault === undefined).length;
  return (
    <Dialog title={title} close={close}>
      <p role="status" className="strong">
        {done} of {faults.length} done
      </p>
      <ul className="card list results">
        {names.map((name, i) => (
          <li key={name}>
            <span className="grow">{name}</span>
            {faults[i] === undefined ? (
              <span className="state ok">
                <Icon name="st-success" />
                Done
              </span>
            ) : (
              <span className="state fail">
                <Icon name="refuse" />
                {faults[i]}
              </span>
            )}
          </li>
        ))}
      </ul>
      <div className="row form-foot">
        <button type="button" className="btn primary" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

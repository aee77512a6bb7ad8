import { useState } from 'react';
import { CopyButton } from './CopyButton.tsx';
import './json.css';

export interface JsonProps {
  readonly value: unknown;
  /** What the value is, for screen readers. */
  readonly label: string;
  /** Told when a value is chosen, with its path. */
  readonly choose?: ((path: string, value: unknown) => void) | undefined;
}

const maxItems = 100;
const isBranch = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** A value as a tree: branches open and close, long lists in parts. */
export function Json({ value, label, choose }: JsonProps) {
  if (!isBranch(value))
    return (
      <div className="json">
        <Leaf value={value} />
      </div>
    );
  return (
    <ul className="json" aria-label={label}>
      <Items value={value} path="" choose={choose} depth={0} />
    </ul>
  );
}

/** `a.b`, or `a['b c']` for a name that is not an identifier, as expressions write it. */
const pathOf = (path: string, name: string, isList: boolean): string => {
  if (isList) return `${path}[${name}]`;
  if (/^[A-Za-z_]\w*$/.test(name)) return path === '' ? name : `${path}.${name}`;
  return `${path}['${name}']`;
};

interface ItemsProps {
  readonly value: object;
  readonly path: string;
  readonly depth: number;
  readonly choose: JsonProps['choose'];
}

function Items({ value, path, depth, choose }: ItemsProps) {
  const [max, setMax] = useState(maxItems);
  const entries = Object.entries(value);
  return (
    <>
      {entries.slice(0, max).map(([name, one]) => (
        <Item
          key={name}
          name={name}
          value={one}
          path={pathOf(path, name, Array.isArray(value))}
          depth={depth}
          choose={choose}
        />
      ))}
      {entries.length > max && (
        <li>
          <button type="button" className="btn plain sm" onClick={() => setMax(max + maxItems)}>
            {(entries.length - max).toLocaleString()} more
          </button>
        </li>
      )}
    </>
  );
}

interface ItemProps extends Omit<ItemsProps, 'value'> {
  readonly name: string;
  readonly value: unknown;
}

function Item({ name, value, path, depth, choose }: ItemProps) {
  const [isOpen, setIsOpen] = useState(depth < 2);
  if (isBranch(value) && Object.keys(value).length > 0)
    return (
      <li>
        <button type="button" className="json-name" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
          {name}{' '}
          <span className="quiet">{Array.isArray(value) ? `[${value.length}]` : `{${Object.keys(value).length}}`}</span>
        </button>
        {isOpen && (
          <ul>
            <Items value={value} path={path} depth={depth + 1} choose={choose} />
          </ul>
        )}
      </li>
    );
  return (
    <li>
      {choose ? (
        <button type="button" className="json-name" onClick={() => choose(path, value)} title={`Preview ${path}`}>
          {name}
        </button>
      ) : (
        <span className="json-name">{name}</span>
      )}{' '}
      <Leaf value={value} />
    </li>
  );
}

const maxLength = 300;

function Leaf({ value }: { value: unknown }) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const kind = value === null ? 'null' : typeof value;
  return (
    <>
      <code className={`json-${kind}`}>{text.length > maxLength ? `${text.slice(0, maxLength)}…` : text}</code>
      {typeof value === 'string' && value !== '' && <CopyButton text={value} label="Copy the value" />}
    </>
  );
}

import { useMemo } from 'react';
import type { LineIssue } from '../../../ui/editor/TextEditor.tsx';
import { shortType } from '../../../ui/graph/type.ts';
import { Icon } from '../../../ui/Icon.tsx';
import { outlineOf } from './outline.ts';

export interface SidePanelProps {
  readonly text: string;
  readonly issues: readonly LineIssue[];
  /** False while the text has changed since the last check. */
  readonly isChecked: boolean;
  readonly goTo: (line: number) => void;
}

const icons = { input: 'tag', task: 'tasks', trigger: 'bolt' } as const;
const maxRows = 500;

/** Faults and outline of the source. Each leads to its line. */
export function SidePanel({ text, issues, isChecked, goTo }: SidePanelProps) {
  const items = useMemo(() => outlineOf(text), [text]);
  return (
    <aside className="flow-editor-side" aria-label="Faults and outline">
      {issues.length > 0 && (
        <section aria-label="Faults" aria-busy={!isChecked}>
          <h3>Faults</h3>
          <ol>
            {issues.map(({ line, message }) => (
              <li key={`${line} ${message}`}>
                <button type="button" className="outline-row fail" onClick={() => goTo(line)}>
                  <Icon name="alert" />
                  <span className="wrap grow">{message}</span>
                  <span className="quiet">{line}</span>
                </button>
              </li>
            ))}
          </ol>
        </section>
      )}
      <section aria-label="Outline">
        <h3>Outline</h3>
        {items.length === 0 && <p className="quiet">Tasks and triggers appear here.</p>}
        <ol>
          {items.slice(0, maxRows).map(({ id, type, line, level, part }) => (
            <li key={`${line} ${id}`}>
              <button type="button" className={`outline-row l${Math.min(level, 5)}`} onClick={() => goTo(line)}>
                <Icon name={icons[part]} />
                <b className="cut">{id}</b>
                <span className="quiet cut grow">{shortType(type)}</span>
                <span className="quiet">{line}</span>
              </button>
            </li>
          ))}
        </ol>
        {items.length > maxRows && <p className="quiet">{items.length - maxRows} more</p>}
      </section>
      <section aria-label="Help">
        <h3>Keys</h3>
        <p className="quiet">
          <kbd>Ctrl Space</kbd> tasks, triggers and types · <kbd>Ctrl F</kbd> search · <kbd>Ctrl S</kbd> save ·{' '}
          <kbd>Tab</kbd> leaves the editor
        </p>
      </section>
    </aside>
  );
}

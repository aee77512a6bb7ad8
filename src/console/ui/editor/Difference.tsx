import { yaml } from '@codemirror/lang-yaml';
import { MergeView, unifiedMergeView } from '@codemirror/merge';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { consoleLook } from './theme.ts';
import './editor.css';

export interface DifferenceProps {
  readonly before: { readonly title: string; readonly text: string };
  readonly after: { readonly title: string; readonly text: string };
}

/** From this width on, the two texts are next to each other. */
const wide = 900;
const collapse = { margin: 3, minSize: 6 };

const shown = (label: string): Extension => [
  lineNumbers(),
  yaml(),
  consoleLook(),
  EditorState.readOnly.of(true),
  EditorView.lineWrapping,
  EditorView.contentAttributes.of({ tabindex: '0', 'aria-label': label, 'aria-readonly': 'true' }),
];

/** Two texts, with what differs. Equal parts are folded. */
export function Difference({ before, after }: DifferenceProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = place.current!;
    const view =
      parent.clientWidth >= wide
        ? new MergeView({
            parent,
            a: { doc: before.text, extensions: shown(before.title) },
            b: { doc: after.text, extensions: shown(after.title) },
            collapseUnchanged: collapse,
          })
        : new EditorView({
            parent,
            doc: after.text,
            extensions: [
              shown(after.title),
              unifiedMergeView({ original: before.text, mergeControls: false, collapseUnchanged: collapse }),
            ],
          });
    return () => view.destroy();
  }, [before.text, before.title, after.text, after.title]);
  if (before.text === after.text) return <p className="quiet">No difference.</p>;
  return (
    <section className="card" aria-label={`From ${before.title} to ${after.title}`}>
      <div className="diff-head">
        <span>{before.title}</span>
        <span>{after.title}</span>
      </div>
      <div ref={place} className="difference" />
    </section>
  );
}

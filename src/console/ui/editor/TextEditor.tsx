import { type CompletionSource, completionKeymap } from '@codemirror/autocomplete';
import { yaml, yamlLanguage } from '@codemirror/lang-yaml';
import { lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { basicSetup } from 'codemirror';
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react';
import { replaceBySelf } from './replace.ts';
import { consoleLook } from './theme.ts';
import './editor.css';

/** A fault of the text, at a line from 1. */
export interface LineIssue {
  readonly line: number;
  readonly message: string;
}

/** What a page does with an editor. */
export interface Editing {
  /** Moves the cursor to a line, and the focus to the editor. */
  readonly goTo: (line: number) => void;
}

export interface TextEditorProps {
  readonly label: string;
  readonly value: string;
  readonly change?: (text: string) => void;
  /** True for YAML; false for a text without a known language. */
  readonly isYaml?: boolean;
  readonly isReadOnly?: boolean;
  readonly issues?: readonly LineIssue[];
  readonly complete?: CompletionSource | undefined;
  /** Ctrl-S. */
  readonly save?: () => void;
  readonly ref?: Ref<Editing>;
}

const noIssues: readonly LineIssue[] = [];

/** A text with line numbers, folding, search (Ctrl-F) and its faults at their lines. Tab leaves it. */
export function TextEditor(props: TextEditorProps) {
  const { label, value, isYaml = true, isReadOnly = false, issues = noIssues, complete, ref } = props;
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  // The editor lives longer than one rendering, so it asks for the newest functions.
  const acts = useRef(props);
  acts.current = props;
  const mode = useRef(new Compartment());
  const first = useRef(value);
  const modeOf = (): Extension => [
    EditorState.readOnly.of(isReadOnly),
    EditorView.contentAttributes.of({
      tabindex: '0',
      'aria-label': label,
      ...(isReadOnly && { 'aria-readonly': 'true' }),
    }),
    isYaml ? yaml() : [],
    complete ? yamlLanguage.data.of({ autocomplete: complete }) : [],
  ];
  const startMode = useRef(modeOf);
  startMode.current = modeOf;

  useEffect(() => {
    const created = new EditorView({
      doc: first.current,
      parent: place.current!,
      extensions: [
        keymap.of([
          {
            key: 'Mod-s',
            preventDefault: true,
            run: () => {
              acts.current.save?.();
              return true;
            },
          },
          ...completionKeymap,
          ...lintKeymap,
        ]),
        replaceBySelf,
        basicSetup,
        lintGutter(),
        consoleLook(),
        mode.current.of(startMode.current()),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) acts.current.change?.(update.state.doc.toString());
        }),
      ],
    });
    view.current = created;
    return () => created.destroy();
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: modeOf is new with every rendering, and reads these.
  useEffect(() => {
    view.current?.dispatch({ effects: mode.current.reconfigure(startMode.current()) });
  }, [label, isYaml, isReadOnly, complete]);

  useEffect(() => {
    const shown = view.current!;
    const text = shown.state.doc.toString();
    if (text !== value) shown.dispatch({ changes: { from: 0, to: text.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const { state } = view.current!;
    const found = issues.map(({ line, message }) => {
      const { from, to } = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
      return { from, to, severity: 'error' as const, message };
    });
    view.current!.dispatch(setDiagnostics(state, found));
  }, [issues]);

  useImperativeHandle(ref, () => ({
    goTo: (line) => {
      const shown = view.current;
      if (!shown) return;
      const { from } = shown.state.doc.line(Math.min(Math.max(line, 1), shown.state.doc.lines));
      shown.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
      shown.focus();
    },
  }));

  return <div ref={place} className="text-editor" />;
}

import { useBlocker } from '@tanstack/react-router';
import { type ReactNode, useMemo, useRef, useState } from 'react';
import { ActionButton } from '../../../access/ActionButton.tsx';
import { needs } from '../../../access/viewer.ts';
import { refresh } from '../../../relay/refresh.ts';
import { Difference } from '../../../ui/editor/Difference.tsx';
import { type Editing, TextEditor } from '../../../ui/editor/TextEditor.tsx';
import { Icon } from '../../../ui/Icon.tsx';
import { draftOf, dropDraft, keepDraft } from './drafts.ts';
import { LeaveDialog } from './LeaveDialog.tsx';
import { SaveDialog } from './SaveDialog.tsx';
import { SidePanel } from './SidePanel.tsx';
import { completionOf } from './snippets.ts';
import { useValidation } from './useValidation.ts';

/** The revision that is saved now. */
export interface Saved {
  readonly revision: number;
  readonly source: string;
  readonly authorName: string | undefined;
}

export interface FlowEditorProps {
  readonly tenant: string;
  /** Names the draft in the memory of the browser tab. */
  readonly draftKey: string;
  /** Undefined for a new flow. */
  readonly saved: Saved | undefined;
  /** The text of a new flow. */
  readonly start?: string;
  /** From the flow; undefined for a new one. */
  readonly mayUpdate?: boolean;
  /** Types in use in the tenant, for completion. */
  readonly types?: readonly string[];
  readonly done: (flow: { readonly namespaceName: string; readonly flowId: string }) => void;
}

const noTypes: readonly string[] = [];

/** The source of a flow: checked while one types, compared with the saved one, and saved with a reason. */
export function FlowEditor(props: FlowEditorProps) {
  const { tenant, draftKey, saved, start = '', mayUpdate, types = noTypes, done } = props;
  const source = saved?.source ?? start;
  const [draft, setDraft] = useState(() => draftOf(draftKey));
  const [isComparing, setIsComparing] = useState(false);
  const [isSaving, setIsSaving] = useState(false);
  const editing = useRef<Editing>(null);
  const text = draft?.text ?? source;
  const validation = useValidation(tenant, text);
  const complete = useMemo(() => completionOf(types), [types]);
  const isChanged = draft !== undefined && draft.text !== source;
  const isBehind = draft !== undefined && saved !== undefined && draft.base < saved.revision;
  const change = (next: string) => {
    if (next === source) {
      dropDraft(draftKey);
      setDraft(undefined);
      return;
    }
    const kept = { text: next, base: draft?.base ?? saved?.revision ?? 0 };
    keepDraft(draftKey, kept);
    setDraft(kept);
  };
  const discard = () => {
    dropDraft(draftKey);
    setDraft(undefined);
    setIsComparing(false);
  };
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => draftOf(draftKey) !== undefined && current.pathname !== next.pathname,
    enableBeforeUnload: () => draftOf(draftKey) !== undefined,
    withResolver: true,
  });
  const mayChange = saved ? mayUpdate === true : true;
  const issues = validation?.issues ?? [];
  return (
    <div className="flow-editor">
      <div className="tools start">
        <State saved={saved} isChanged={isChanged} issues={validation && issues.length} />
        <span className="grow" />
        {isChanged && saved && (
          <button
            type="button"
            className="btn sm"
            aria-pressed={isComparing}
            onClick={() => setIsComparing(!isComparing)}
          >
            Compare
          </button>
        )}
        {isChanged && (
          <button type="button" className="btn sm" onClick={discard}>
            Discard
          </button>
        )}
        <ActionButton
          permission={saved ? 'FLOW:UPDATE' : needs.saveFlow}
          {...(saved && { isAllowed: mayChange })}
          className="sm primary"
          icon="save"
          why={mayChange && saved && !isChanged ? 'Nothing has changed.' : undefined}
          onPress={() => setIsSaving(true)}
        >
          Save…
        </ActionButton>
      </div>
      {isBehind && (
        <div className="note warn" role="alert">
          <Icon name="alert" />
          <div>
            <b>
              {saved.authorName ?? 'Another account'} saved revision {saved.revision} meanwhile.
            </b>{' '}
            Your draft starts from revision {draft.base}. Compare them before you save: your text replaces the saved
            one.
          </div>
        </div>
      )}
      {isComparing && isChanged && saved ? (
        <div className="body">
          <Difference
            before={{ title: `Saved revision ${saved.revision}`, text: source }}
            after={{ title: 'Your draft', text }}
          />
        </div>
      ) : (
        <div className="flow-editor-parts">
          <div className="flow-editor-text">
            <TextEditor
              ref={editing}
              label="Source of the flow, as YAML"
              value={text}
              change={change}
              issues={issues}
              complete={complete}
              isReadOnly={!mayChange}
              save={() => (isChanged || !saved) && mayChange && setIsSaving(true)}
            />
          </div>
          <SidePanel
            text={validation?.text ?? text}
            issues={issues}
            isChecked={validation?.text === text}
            goTo={(line) => editing.current?.goTo(line)}
          />
        </div>
      )}
      {isSaving && (
        <SaveDialog
          tenant={tenant}
          source={text}
          saved={saved}
          base={isBehind ? saved.revision : (draft?.base ?? saved?.revision ?? 0)}
          done={(flow) => {
            setIsSaving(false);
            discard();
            done(flow);
          }}
          close={() => {
            setIsSaving(false);
            // After a conflict, the page shows what was saved meanwhile.
            refresh();
          }}
        />
      )}
      {leaving.status === 'blocked' && (
        <LeaveDialog
          stay={() => leaving.reset()}
          leave={() => leaving.proceed()}
          discard={() => {
            discard();
            leaving.proceed();
          }}
        />
      )}
    </div>
  );
}

interface StateProps {
  readonly saved: Saved | undefined;
  readonly isChanged: boolean;
  /** Number of faults; undefined until the text is checked. */
  readonly issues: number | undefined;
}

function State({ saved, isChanged, issues }: StateProps): ReactNode {
  return (
    <span className="row" role="status">
      {isChanged || !saved ? (
        <span className="badge warn">Not saved</span>
      ) : (
        <span className="badge">Revision {saved.revision}</span>
      )}
      {issues === undefined ? (
        <span className="quiet">Checking…</span>
      ) : issues === 0 ? (
        <span className="state ok">
          <Icon name="check" />
          Valid
        </span>
      ) : (
        <span className="state fail">
          <Icon name="alert" />
          {issues === 1 ? '1 fault' : `${issues} faults`}
        </span>
      )}
    </span>
  );
}

import { EditorView } from '@codemirror/view';

/**
 * Replaces a selection by a typed text without the browser: Chromium keeps the former style of the text in an attribute
 * `style`, which violates the content security policy.
 */
export const replaceBySelf = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { data, inputType } = event as InputEvent;
    const { main } = view.state.selection;
    if (inputType !== 'insertText' || data === null || main.empty || view.composing) return false;
    event.preventDefault();
    if (view.state.readOnly) return true;
    const insert = () =>
      view.state.update(view.state.replaceSelection(data), { userEvent: 'input.type', scrollIntoView: true });
    const isHandled = view.state
      .facet(EditorView.inputHandler)
      .some((handle) => handle(view, main.from, main.to, data, insert));
    if (!isHandled) view.dispatch(insert());
    return true;
  },
});

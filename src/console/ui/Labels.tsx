import { labelTexts } from './executions/labels.ts';

/** Labels of a flow or an execution. */
export function Labels({ labels }: { labels: unknown }) {
  const texts = labelTexts(labels);
  if (texts.length === 0) return null;
  return (
    <span className="tag-list">
      {texts.map((text) => (
        <span key={text} className="badge">
          {text}
        </span>
      ))}
    </span>
  );
}

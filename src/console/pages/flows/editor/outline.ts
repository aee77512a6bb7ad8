import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';

/** A task or a trigger of a source, and its line. */
export interface OutlineItem {
  readonly id: string;
  readonly type: string;
  readonly line: number;
  readonly level: number;
  readonly part: 'input' | 'task' | 'trigger';
}

const parts: Readonly<Record<string, OutlineItem['part']>> = { inputs: 'input', triggers: 'trigger' };
const maxLength = 500_000;

/** The tasks and triggers of a source, as far as it can be read. */
export function outlineOf(text: string): readonly OutlineItem[] {
  if (text.length > maxLength) return [];
  const lines = new LineCounter();
  const items: OutlineItem[] = [];
  const visit = (node: Node | null | undefined, level: number, part: OutlineItem['part']) => {
    if (isSeq(node)) for (const one of node.items) visit(one as Node, level, part);
    if (!isMap(node)) return;
    const id = node.get('id');
    const type = node.get('type');
    const isItem = level > 0 && typeof id === 'string';
    if (isItem && node.range)
      items.push({
        id,
        type: typeof type === 'string' ? type : '',
        line: lines.linePos(node.range[0]).line,
        level,
        part,
      });
    for (const pair of node.items as Pair[]) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      const isList = isSeq(pair.value) || key === 'cases';
      if (isList) visit(pair.value as Node, level + 1, level === 0 ? (parts[key] ?? 'task') : part);
    }
  };
  try {
    visit(parseDocument(text, { lineCounter: lines }).contents, 0, 'task');
  } catch {
    return [];
  }
  return items;
}

import type { ReactNode } from 'react';

/** The parts of Markdown that documentation uses: headings, lists, code, emphasis and links. It never becomes HTML. */
export function Markdown({ text }: { text: string }) {
  return <div className="markdown">{blocksOf(text).map((block, i) => shown(block, i))}</div>;
}

type Block =
  | { readonly kind: 'code' | 'text'; readonly lines: readonly string[] }
  | { readonly kind: 'heading'; readonly level: number; readonly lines: readonly string[] }
  | { readonly kind: 'list'; readonly isOrdered: boolean; readonly lines: readonly string[] };

const heading = /^(#{1,6})\s+(.*)$/;
const item = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;

function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { kind: 'code' | 'text' | 'list'; isOrdered?: boolean; lines: string[] } | undefined;
  const close = () => {
    if (open) blocks.push(open as Block);
    open = undefined;
  };
  for (const line of text.split(/\r?\n/)) {
    if (open?.kind === 'code') {
      if (/^\s*```/.test(line)) close();
      else open.lines.push(line);
      continue;
    }
    if (/^\s*```/.test(line)) {
      close();
      open = { kind: 'code', lines: [] };
      continue;
    }
    const [, marks, title] = heading.exec(line) ?? [];
    if (marks !== undefined && title !== undefined) {
      close();
      blocks.push({ kind: 'heading', level: marks.length, lines: [title] });
      continue;
    }
    const [isItem, number, content] = item.exec(line) ?? [];
    if (isItem !== undefined && content !== undefined) {
      const isOrdered = number !== undefined;
      if (open?.kind !== 'list' || open.isOrdered !== isOrdered) {
        close();
        open = { kind: 'list', isOrdered, lines: [] };
      }
      open.lines.push(content);
      continue;
    }
    if (line.trim() === '') {
      close();
      continue;
    }
    if (open?.kind === 'list') {
      open.lines[open.lines.length - 1] += ` ${line.trim()}`;
      continue;
    }
    if (!open) open = { kind: 'text', lines: [] };
    open.lines.push(line.trim());
  }
  close();
  return blocks;
}

function shown(block: Block, key: number): ReactNode {
  switch (block.kind) {
    case 'code':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard.
        <pre key={key} className="code-block" tabIndex={0}>
          {block.lines.join('\n')}
        </pre>
      );
    case 'heading':
      return <h3 key={key}>{inline(block.lines[0] ?? '')}</h3>;
    case 'list': {
      const items = block.lines.map((line) => <li key={line}>{inline(line)}</li>);
      return block.isOrdered ? <ol key={key}>{items}</ol> : <ul key={key}>{items}</ul>;
    }
    default:
      return <p key={key}>{inline(block.lines.join(' '))}</p>;
  }
}

const marks = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:\/\/[^)\s]+)\)|(?<!\w)[*_]([^*_]+)[*_](?!\w)/g;

function inline(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let from = 0;
  for (const match of text.matchAll(marks)) {
    const [all, code, strong, title, address, emphasis] = match;
    parts.push(text.slice(from, match.index));
    const key = match.index;
    if (code !== undefined) parts.push(<code key={key}>{code}</code>);
    else if (strong !== undefined) parts.push(<b key={key}>{strong}</b>);
    else if (address !== undefined)
      parts.push(
        <a key={key} href={address} target="_blank" rel="noreferrer">
          {title}
        </a>,
      );
    else parts.push(<em key={key}>{emphasis}</em>);
    from = match.index + all.length;
  }
  return [...parts, text.slice(from)];
}

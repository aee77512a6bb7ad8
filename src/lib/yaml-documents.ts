/** A document of a text, and the line where it starts. */
export interface YamlDocument {
  readonly text: string;
  readonly line: number;
}

/** At the start of a line, these markers always separate documents, even within a text. */
const marker = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm;
/** True for a line with only blanks, comments, directives and markers. */
const isEmpty = (line: string): boolean => {
  const text = line.trim();
  return text === '' || text.startsWith('#') || text.startsWith('%') || text === '---' || text === '...';
};

/** Returns the non-empty documents of a YAML text. A single document is the whole text, byte for byte. */
export function yamlDocuments(text: string): YamlDocument[] {
  const parts: YamlDocument[] = [];
  let [start, line] = [0, 1];
  const add = (end: number) => {
    const part = text.slice(start, end);
    parts.push({ text: part, line });
    line += part.split('\n').length - 1;
    start = end;
  };
  for (const match of text.matchAll(marker)) if (match.index > 0) add(match.index);
  add(text.length);
  const full = parts.filter((part) => !part.text.split('\n').every(isEmpty));
  return full.length > 1 ? full : [{ text, line: 1 }];
}

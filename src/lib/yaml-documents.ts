/** One document of a text, and in which line of it the document begins. */
export interface YamlDocument {
  readonly text: string;
  readonly line: number;
}

/** At the beginning of a line, these end or begin a document wherever they stand: no text may hold them. */
const marker = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm;
/** Nothing but blanks, comments, directives and markers. */
const isEmpty = (line: string): boolean => {
  const text = line.trim();
  return text === '' || text.startsWith('#') || text.startsWith('%') || text === '---' || text === '...';
};

/** The documents of a YAML text that hold anything. One alone is the whole text, byte for byte. */
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

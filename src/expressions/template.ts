import type { Node } from './ast.ts';
import { fault, tokens } from './lexer.ts';
import { Parser } from './parser.ts';

interface Tag {
  readonly name: string;
  readonly parser: Parser;
  readonly at: number;
}

const maxNested = 40;

/** Parses a text with {{ expressions }}, {% tags %} and {# comments #}. */
class Template {
  readonly #source: string;
  #at = 0;
  #trims = false;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): Node[] {
    const { nodes, tag } = this.#nodes([]);
    if (tag) throw fault(this.#source, tag.at, `The tag ${tag.name} has no beginning.`);
    return nodes;
  }

  /** The nodes up to one of these tags, or to the end. */
  #nodes(until: readonly string[]): { nodes: Node[]; tag?: Tag } {
    const source = this.#source;
    const nodes: Node[] = [];
    for (;;) {
      const open = /\{[{%#]/g;
      open.lastIndex = this.#at;
      const at = open.exec(source)?.index ?? source.length;
      const trimsBefore = at < source.length && source[at + 2] === '-';
      let text = source.slice(this.#at, at);
      if (this.#trims) text = text.trimStart();
      if (trimsBefore) text = text.trimEnd();
      this.#trims = false;
      if (text !== '') nodes.push({ type: 'text', text });
      if (at === source.length) {
        this.#at = at;
        return { nodes };
      }
      const from = at + (trimsBefore ? 3 : 2);
      const kind = source[at + 1];
      if (kind === '#') {
        const end = source.indexOf('#}', from);
        if (end < 0) throw fault(source, at, 'The closing #} is missing.');
        this.#trims = source[end - 1] === '-' && end > from;
        this.#at = end + 2;
      } else if (kind === '{') {
        const parser = this.#inside(from, '}}');
        const expression = parser.expression();
        parser.end();
        nodes.push({ type: 'print', expression });
      } else {
        const parser = this.#inside(from, '%}');
        const tag = { name: parser.name('a tag'), parser, at };
        if (until.includes(tag.name)) return { nodes, tag };
        nodes.push(...this.#tag(tag));
      }
    }
  }

  #inside(from: number, close: '}}' | '%}'): Parser {
    const { list, end, trims } = tokens(this.#source, from, close);
    this.#at = end;
    this.#trims = trims;
    return new Parser(this.#source, list);
  }

  #tag(tag: Tag): Node[] {
    this.#depth += 1;
    if (this.#depth > maxNested)
      throw fault(this.#source, tag.at, `Tags are nested more than ${maxNested} levels deep.`);
    try {
      const { name, parser, at } = tag;
      if (name === 'if') return [this.#if(tag)];
      if (name === 'for') return [this.#for(tag)];
      if (name === 'raw' || name === 'verbatim') return this.#raw(tag);
      if (name === 'set') {
        const variable = parser.name('a variable');
        parser.expect('=');
        const value = parser.expression();
        parser.end();
        return [{ type: 'set', name: variable, value }];
      }
      throw fault(this.#source, at, `The tag ${name} is not supported. Use if, for, set or raw.`);
    } finally {
      this.#depth -= 1;
    }
  }

  #body(open: Tag, ...until: readonly string[]): { nodes: Node[]; tag: Tag } {
    const { nodes, tag } = this.#nodes(until);
    if (!tag) throw fault(this.#source, open.at, `The tag ${open.name} has no end${open.name}.`);
    return { nodes, tag };
  }

  #if(open: Tag): Node {
    const branches: { test: ReturnType<Parser['expression']>; body: Node[] }[] = [];
    let otherwise: Node[] = [];
    for (let tag = open; tag.name !== 'endif'; ) {
      const test = tag.name === 'else' ? undefined : tag.parser.expression();
      tag.parser.end();
      const body = this.#body(open, ...(test ? ['elseif', 'else', 'endif'] : ['endif']));
      if (test) branches.push({ test, body: body.nodes });
      else otherwise = body.nodes;
      tag = body.tag;
    }
    return { type: 'if', branches, otherwise };
  }

  #for(open: Tag): Node {
    const name = open.parser.name('a variable');
    open.parser.expect('in');
    const of = open.parser.expression();
    open.parser.end();
    const body = this.#body(open, 'else', 'endfor');
    const otherwise = body.tag.name === 'else' ? this.#body(open, 'endfor').nodes : [];
    return { type: 'for', name, of, body: body.nodes, otherwise };
  }

  #raw({ name, at }: Tag): Node[] {
    const end = new RegExp(`\\{%-?\\s*end${name}\\s*-?%\\}`, 'g');
    end.lastIndex = this.#at;
    const found = end.exec(this.#source);
    if (!found) throw fault(this.#source, at, `The tag ${name} has no end${name}.`);
    const text = this.#source.slice(this.#at, found.index);
    this.#at = found.index + found[0].length;
    return [{ type: 'text', text }];
  }
}

export const parseTemplate = (source: string): Node[] => new Template(source).parse();

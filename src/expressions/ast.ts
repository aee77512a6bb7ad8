/** An expression. `at` is its offset in the text. */
export type Expression = { readonly at: number } & (
  | { readonly type: 'literal'; readonly value: string | number | boolean | null }
  | { readonly type: 'interpolation'; readonly parts: readonly Expression[] }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'list'; readonly items: readonly Expression[] }
  | { readonly type: 'map'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly type: 'member'; readonly of: Expression; readonly key: Expression }
  | { readonly type: 'unary'; readonly operator: string; readonly of: Expression }
  | { readonly type: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly type: 'ternary'; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly type: 'call'; readonly name: string; readonly args: Arguments }
  | { readonly type: 'filter'; readonly name: string; readonly of: Expression; readonly args: Arguments }
  | {
      readonly type: 'test';
      readonly name: string;
      readonly of: Expression;
      readonly args: Arguments;
      readonly isNegated: boolean;
    }
);

export interface Arguments {
  readonly list: readonly Expression[];
  readonly named: readonly (readonly [string, Expression])[];
}

export type Node =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'print'; readonly expression: Expression }
  | {
      readonly type: 'if';
      readonly branches: readonly { readonly test: Expression; readonly body: readonly Node[] }[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly type: 'for';
      readonly name: string;
      readonly of: Expression;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly type: 'set'; readonly name: string; readonly value: Expression };

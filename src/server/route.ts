import type { Handler } from './plain-post.ts';

/** A path of the server. */
export interface Route {
  readonly methods: readonly string[];
  readonly serve: Handler;
}

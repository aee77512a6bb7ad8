import { textsOf } from '../tenant.ts';

/** How far the tour is: the flow that it created, and the execution that it started. */
export interface WelcomeSearch {
  /** As NAMESPACE/FLOW. */
  readonly flow?: string | undefined;
  readonly execution?: string | undefined;
}
export const welcomeSearch = (given: Record<string, unknown>): WelcomeSearch => textsOf(given, ['flow', 'execution']);

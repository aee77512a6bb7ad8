/** What the person who started the program can mend: its message is told without a stack. */
export class ToldError extends Error {}

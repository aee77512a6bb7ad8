/** A result of a check. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'fault';
  readonly about: string;
  /** What was found. */
  readonly message: string;
  /** What to do, unless the result is `ok`. */
  readonly advice?: string;
}

export const ok = (about: string, message: string): Finding => ({ level: 'ok', about, message });
export const warning = (about: string, message: string, advice: string): Finding => ({
  level: 'warning',
  about,
  message,
  advice,
});
export const fault = (about: string, message: string, advice: string): Finding => ({
  level: 'fault',
  about,
  message,
  advice,
});

/** Runs a check. A check that fails is a finding, so that the others run. */
export async function finding(about: string, check: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check();
  } catch (error) {
    return [fault(about, `The check failed: ${(error as Error).message}`, 'Correct this, and run the check again.')];
  }
}

/** Waits for some work, but not longer than this; the work itself goes on. What it answers or throws is not told. */
export async function atMost(milliseconds: number, work: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work?.catch(() => undefined), over]);
  clearTimeout(timer);
}

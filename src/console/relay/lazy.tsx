import { type FunctionComponent, Suspense, use } from 'react';
import { FaultBoundary } from '../ui/FaultBoundary.tsx';
import { Skeleton } from '../ui/Skeleton.tsx';
import { reportLost } from './connection.ts';
import { NetworkFault, Stale } from './fault.ts';

type Load<Props> = () => Promise<FunctionComponent<Props>>;
const loads: (() => Promise<unknown>)[] = [];

async function fetched<Props>(load: Load<Props>): Promise<FunctionComponent<Props>> {
  try {
    return await load();
  } catch {
    const isAnswering = await fetch('/readyz', { cache: 'no-store' }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isAnswering) throw new Stale('Load the page again to use its new version.');
    reportLost();
    throw new NetworkFault('The gateway cannot be reached. Check the connection, and try again.');
  }
}

/** React renders a part that failed several times before it shows the fault. Only a later render loads again. */
const keepFaultMs = 500;

function loaded<Props extends object>(load: Load<Props>): FunctionComponent<Props> {
  let known: FunctionComponent<Props> | undefined;
  let pending: Promise<FunctionComponent<Props>> | undefined;
  let failed: { readonly error: unknown; readonly at: number } | undefined;
  const keep = async () => {
    known = await load();
    return known;
  };
  loads.push(keep);
  return function Loaded(props: Props) {
    // Code that is here is shown without the skeleton, which React keeps for 300 ms.
    if (!known && failed && performance.now() - failed.at < keepFaultMs) throw failed.error;
    if (!known)
      pending ??= fetched(keep).catch((error: unknown) => {
        pending = undefined;
        failed = { error, at: performance.now() };
        throw error;
      });
    const Part = known ?? use(pending!);
    return <Part {...props} />;
  };
}

/** A page whose code is loaded when it is first opened. */
export function lazyPage(load: Load<object>): FunctionComponent {
  const Page = loaded(load);
  return function Lazy() {
    return (
      <FaultBoundary>
        <Suspense fallback={<Skeleton />}>
          <Page />
        </Suspense>
      </FaultBoundary>
    );
  };
}

/** A part that shows nothing until its code is loaded. */
export function lazyPart<Props extends object>(load: Load<Props>): FunctionComponent<Props> {
  const Part = loaded(load);
  return function Lazy(props: Props) {
    return (
      <Suspense fallback={null}>
        <Part {...props} />
      </Suspense>
    );
  };
}

/**
 * Loads the code of all pages while the browser is idle, so that a page opens at once, also without a network. One after
 * the other, so that the page does not stop.
 */
export function loadAhead(): void {
  const later = globalThis.requestIdleCallback ?? ((work: () => void) => setTimeout(work, 100));
  const waiting = [...loads];
  const next = (): void => {
    const load = waiting.shift();
    if (load) void load().then(again, again);
  };
  const again = () => void later(next);
  again();
}

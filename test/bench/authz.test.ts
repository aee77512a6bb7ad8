import { expect, it } from 'vitest';
import { measure } from './authz.ts';

it('a check and a full decision cost a fraction of CASL over the same rules', async () => {
  const measured = await measure([1_000, 10_000], { rounds: 3, milliseconds: 60, packages: false });
  const ratio = (n: number, name: string) => measured.get(n)!.get(name)! / measured.get(n)!.get('CASL 7')!;
  for (const guards of ['', ', nine guards']) {
    expect(ratio(1_000, `gatehouse, one check${guards}`)).toBeLessThan(1 / 8);
    expect(ratio(10_000, `gatehouse, one check${guards}`)).toBeLessThan(1 / 40);
    expect(ratio(1_000, `gatehouse, full decision${guards}`)).toBeLessThan(5);
  }
});

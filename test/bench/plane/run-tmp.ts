import { triggers } from './triggers.ts';

await triggers();

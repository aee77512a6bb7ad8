import { executions } from './plane/executions.ts';
import { kit } from './plane/kit.ts';
import { benchStats } from './plane/stats.ts';
import { triggers } from './plane/triggers.ts';

// Measures the orchestration plane. Each part prints its figures. SOAK=1 runs the long forms.
for (const part of [triggers, executions, kit, benchStats]) await part();

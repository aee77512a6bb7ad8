import { executions } from './plane/executions.ts';
import { benchStats } from './plane/stats.ts';
import { triggers } from './plane/triggers.ts';

// The figures of the orchestration plane: each part prints its own. SOAK=1 runs the long forms.
for (const part of [triggers, executions, benchStats]) await part();

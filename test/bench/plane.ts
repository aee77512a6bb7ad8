import { executions } from './plane/executions.ts';

// The figures of the orchestration plane: each part prints its own. SOAK=1 runs the long forms.
for (const part of [executions]) await part();

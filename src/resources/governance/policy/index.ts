import './schema.ts';
import './trial-schema.ts';
import './violations-schema.ts';

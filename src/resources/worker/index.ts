import './resource.ts';
import './schema.ts';
import './mutations.ts';

import './schema.ts';
import './mutations.ts';
import './engine-schema.ts';
import './subscription.ts';

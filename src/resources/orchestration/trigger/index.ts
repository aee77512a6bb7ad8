import './schema.ts';
import './mutations.ts';
import './dates-schema.ts';
import './engine-schema.ts';
import './subscription.ts';

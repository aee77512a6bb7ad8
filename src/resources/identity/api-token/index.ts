import './lists.ts';
import './schema.ts';
import './uses.ts';

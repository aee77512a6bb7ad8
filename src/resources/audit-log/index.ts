import './resource.ts';
import './schema.ts';
import './subscription.ts';

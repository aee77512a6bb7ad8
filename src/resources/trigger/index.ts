import './resource.ts';

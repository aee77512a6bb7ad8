interface MapLike<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: NoInfer<V>): unknown;
}

/** Returns the value of a key, and creates it if it does not exist. */
export function remember<K, V extends object>(map: MapLike<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** Returns the value at a path of keys in nested maps, and creates it if it does not exist. */
export function atPath<V extends object>(map: Map<unknown, unknown>, path: readonly unknown[], make: () => V): V {
  let level = map;
  for (const key of path.slice(0, -1))
    level = remember(level as Map<unknown, Map<unknown, unknown>>, key, () => new Map());
  return remember(level as Map<unknown, V>, path.at(-1), make);
}

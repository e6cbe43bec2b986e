// Which clips stand in which scene: plain values, nothing drawn. A group is one scene with the ids of its clips.
export const idsOf = (groups) => groups.flatMap((group) => group.clips);
export const pairsOf = (groups) => groups.map((group) => [group.id, group.clips]);

// Scenes without clips come and go; the same clips in the same scenes are the same order all the same.
export const signed = (groups) => JSON.stringify(pairsOf(groups).filter(([, clips]) => clips.length));

export function without(groups, ids) {
  const gone = new Set(ids);
  return groups.map((group) => ({ ...group, clips: group.clips.filter((id) => !gone.has(id)) }));
}

// Every place where clips can be put, from the beginning of the film to its end.
export function placesIn(groups) {
  return groups.flatMap((group, at) => Array.from({ length: group.clips.length + 1 }, (_, place) => ({ at, place })));
}

// Where the first of these clips stands, as an index into the places that are left without them.
export function placeOf(groups, ids) {
  const moving = new Set(ids);
  let index = 0;
  for (const group of groups) {
    for (const id of group.clips) {
      if (id === ids[0]) return index;
      if (!moving.has(id)) index += 1;
    }
    index += 1;
  }
  return 0;
}

export function put(rest, index, ids) {
  const { at, place } = placesIn(rest)[index];
  const groups = rest.map((group, other) =>
    other === at ? { ...group, clips: [...group.clips.slice(0, place), ...ids, ...group.clips.slice(place)] } : group);
  return joined(groups);
}

// A scene that was split by others in between becomes one again, where it first stood.
function joined(groups) {
  const found = new Map();
  for (const group of groups) {
    const first = found.get(group.id);
    if (first) first.clips.push(...group.clips);
    else found.set(group.id, { ...group, clips: [...group.clips] });
  }
  return [...found.values()];
}

// The clip timeline: its parts put together, in one place on the page.
import { cutOf } from "./cut.js";
import { addDrag } from "./drag.js";
import { addFoot } from "./foot.js";
import { addKeys } from "./keys.js";
import { addPicks } from "./picks.js";
import { addPlayer } from "./player.js";
import { addRename } from "./rename.js";
import { addRuler } from "./ruler.js";
import { mountStrip } from "./strip.js";
import { addZoom } from "./zoom.js";

export function mountTimeline(root) {
  const tl = mountStrip(root);
  tl.picks = addPicks(tl);
  tl.zoom = addZoom(tl);
  tl.ruler = addRuler(tl);
  tl.player = addPlayer(tl);
  tl.tools.append(tl.player.bar, tl.zoom.box);
  tl.drawn = [tl.zoom.draw, tl.ruler.redraw, tl.player.recut, addFoot(tl)]; // each builds on the ones before
  addRename(tl);
  addDrag(tl);
  addKeys(tl);
  tl.recut = () => {
    tl.cut = cutOf(tl.order(), tl.lengths);
    tl.ruler.redraw();
    tl.player.recut();
  };
  tl.forget = () => {
    tl.zoom.forget();
    tl.player.forget();
  };
  return tl;
}

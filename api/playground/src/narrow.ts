/** As in style.css: too narrow for two things beside each other. */
const NARROW = matchMedia("(max-width: 760px)");

export function isNarrow(): boolean {
  return NARROW.matches;
}

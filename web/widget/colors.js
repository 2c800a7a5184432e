const LIGHT = { ink: "#1b2a2a", paper: "#f4f7f6", card: "#ffffff", soft: "#e0efed", line: "#6d8582", alarm: "#a1121a", alarmSoft: "#fdecec", focus: "#b54708" };
const DARK = { ink: "#eaf1f0", paper: "#12201f", card: "#1b2c2b", soft: "#24403d", line: "#7d9895", alarm: "#ff9c9c", alarmSoft: "#45191b", focus: "#ffb86b" };
const BRAND = "#0b5d57";
const ENOUGH = 4.5; // WCAG 2.2, 1.4.3

/** The red, green and blue of #rgb or #rrggbb, 0 to 255; null for anything else. */
function parseColor(text) {
  const found = /^#(?:([0-9a-f])([0-9a-f])([0-9a-f])|([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2}))$/i.exec((text || "").trim());
  return found && found.slice(1).filter(Boolean).map((part) => parseInt(part.length === 1 ? part + part : part, 16));
}

const hex = (color) => `#${color.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

/** Relative luminance as WCAG 2.2 defines it. */
function luminance(color) {
  const [red, green, blue] = color.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** Black or white, whichever can be read best on a colour; one of them always reaches 4.5. */
const textOn = (color) => (contrast(color, [255, 255, 255]) >= ENOUGH ? "#ffffff" : "#000000");

/** A colour moved towards black or white until it can be read on all of the given backgrounds. */
function readable(color, backgrounds, towards) {
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = color.map((part) => part + (towards - part) * share);
    if (backgrounds.every((background) => contrast(mixed.map(Math.round), parseColor(background)) >= ENOUGH)) return hex(mixed);
  }
  return towards ? "#ffffff" : "#000000";
}

/** The colours as style rules, from a brand colour; the own one where that is none. */
function palette(brand) {
  const color = parseColor(brand) || parseColor(BRAND);
  const rules = (shades, towards) => {
    const link = readable(color, [shades.paper, shades.card, shades.soft, shades.alarmSoft], towards);
    const all = { ...shades, brand: hex(color), onBrand: textOn(color), link };
    return Object.entries(all).map(([name, value]) => `--${name}: ${value} !important;`).join(" ");
  };
  return `:host { ${rules(LIGHT, 0)} } @media (prefers-color-scheme: dark) { :host { ${rules(DARK, 255)} } }
    @media print { :host { ${rules(LIGHT, 0)} } }`;
}

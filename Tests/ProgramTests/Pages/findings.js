// Returns the problems of the current page, one per line.
const findings = [];

const { violations } = await axe.run(document, { resultTypes: ["violations"] });
for (const { id, help, nodes } of violations)
    findings.push(`axe ${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);

// WCAG 2.2 §1.4.11: a control's border or background, or else its text, must contrast with what is behind it.
const color = (text) => {
    const [r, g, b, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return { parts: [r, g, b], alpha };
};
const luminance = ({ parts }) => {
    const [r, g, b] = parts.map((part) => {
        const value = part / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
};
const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
        const behind = color(getComputedStyle(at).backgroundColor);
        if (behind.alpha === 1) return behind;
    }
    return color("rgb(255, 255, 255)");
};
const isVisible = (element) => element.checkVisibility({ checkVisibilityCSS: true });
const controls = [...document.querySelectorAll("button, a.button, a.action, summary, input:not([type=hidden], [type=checkbox])")];
for (const control of controls.filter(isVisible)) {
    const style = getComputedStyle(control);
    const behind = ground(control.parentElement);
    const surface = contrast(ground(control), behind);
    const edge = parseFloat(style.borderTopWidth) > 0 ? contrast(color(style.borderTopColor), behind) : 1;
    const isBare = edge === 1 && surface === 1;
    const best = isBare ? contrast(color(style.color), behind) : Math.max(surface, edge);
    if (best < 3) findings.push(`contrast ${best.toFixed(2)}: ${control.outerHTML.slice(0, 120)}`);
}

const card = document.querySelector(".card")?.getBoundingClientRect();
for (const control of card ? controls.filter(isVisible) : []) {
    const { left, right } = control.getBoundingClientRect();
    if (left < card.left || right > card.right) findings.push(`outside the card: ${control.outerHTML.slice(0, 120)}`);
}

const primaries = [...document.querySelectorAll(".primary")].filter(isVisible);
if (primaries.length > 1) findings.push(`${primaries.length} primary buttons`);
if (document.documentElement.scrollWidth > innerWidth) findings.push(`${document.documentElement.scrollWidth} pixels wide`);
for (const name of document.querySelectorAll(".brand-name"))
    if (name.offsetWidth < 40 && name.innerText.length > 8) findings.push(`a name of ${name.offsetWidth} pixels: ${name.innerText}`);
const text = document.body.innerText;
const raw = text.match(/\d{4}-\d\d-\d\d|\{\{|text\.[a-z_]+/);
if (raw) findings.push(`raw: ${raw[0]}`);
return findings.join("\n");

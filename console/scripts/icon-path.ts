/* One icon of Lucide, drawn with several SVG elements, as the data of a single path: so that the console needs one
 * `<path>` an icon and no markup from a string. */

export type IconNode = [tag: string, attributes: Record<string, string>];

export function pathOf([tag, a]: IconNode): string {
	const n = (name: string): number => Number(a[name] ?? 0);
	switch (tag) {
		case 'path':
			return absoluteStart(a['d'] ?? '');
		case 'line':
			return `M${n('x1')} ${n('y1')}L${n('x2')} ${n('y2')}`;
		case 'polyline':
			return `M${a['points']}`;
		case 'polygon':
			return `M${a['points']}Z`;
		case 'circle':
			return ellipse(n('cx'), n('cy'), n('r'), n('r'));
		case 'ellipse':
			return ellipse(n('cx'), n('cy'), n('rx'), n('ry'));
		case 'rect':
			return rectangle(n('x'), n('y'), n('width'), n('height'), Number(a['rx'] ?? a['ry'] ?? 0));
		default:
			throw new Error(`an icon has a <${tag}>, which cannot be made a path`);
	}
}

/* A path may begin with a relative move, which means an absolute one there and no longer does once it is joined on. */
function absoluteStart(d: string): string {
	const start = /^m\s*(-?[\d.]+)[\s,]*(-?[\d.]+)\s*([\s\S]*)$/.exec(d);
	if (start === null) return d;
	const [, x, y, rest = ''] = start;
	return `M${x} ${y}${/^[-\d.]/.test(rest) ? 'l' : ''}${rest}`;
}

function ellipse(x: number, y: number, rx: number, ry: number): string {
	return `M${x - rx} ${y}a${rx} ${ry} 0 1 0 ${2 * rx} 0a${rx} ${ry} 0 1 0 ${-2 * rx} 0Z`;
}

function rectangle(x: number, y: number, w: number, h: number, r: number): string {
	if (r === 0) return `M${x} ${y}h${w}v${h}h${-w}Z`;
	const arc = (dx: number, dy: number): string => `a${r} ${r} 0 0 1 ${dx} ${dy}`;
	return (
		`M${x + r} ${y}h${w - 2 * r}${arc(r, r)}v${h - 2 * r}${arc(-r, r)}` +
		`h${-(w - 2 * r)}${arc(-r, -r)}v${-(h - 2 * r)}${arc(r, -r)}Z`
	);
}

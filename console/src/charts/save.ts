// What is drawn, as a file: the numbers as CSV, the drawing as PNG with its words printed on it. Made of what the page
// shows, so nothing is in a file that its reader does not see. Loaded when somebody asks for a file.
import { getInstanceByDom } from 'echarts/core'
import { COLOURS, FONT, type Scheme } from '../app/theme'
import type { LegendItem, Numbers } from './Chart'

/** A cell that no spreadsheet takes for a formula, as the server writes it (`domain::written::quoted`). */
function quoted(cell: string | number | null | undefined): string {
  const text = cell == null ? '' : String(cell)
  const isFormula = /^[=+@\t\r]/.test(text) || (text.startsWith('-') && Number.isNaN(Number(text)))
  const safe = isFormula ? `'${text}` : text
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** With a byte order mark, without which Excel reads Chinese as something else. */
export function csvOf({ head, rows }: Numbers): string {
  return `\ufeff${[head, ...rows].map((row) => row.map(quoted).join(',')).join('\r\n')}\r\n`
}

/** A name that every file system takes. */
export function fileName(title: string, day: string | undefined, ending: string): string {
  const name = title.replace(/[\\/:*?"<>|\s]+/g, '-').replace(/^[-.]+|-+$/g, '') || 'zhike'
  return `${[name, day].filter(Boolean).join('-')}.${ending}`
}

function offer(blob: Blob, name: string): void {
  const anchor = document.createElement('a')
  anchor.href = URL.createObjectURL(blob)
  anchor.download = name
  anchor.click()
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000)
}

export function saveCsv(numbers: Numbers, title: string, day: string | undefined): void {
  offer(new Blob([csvOf(numbers)], { type: 'text/csv;charset=utf-8' }), fileName(title, day, 'csv'))
}

export type Picture = { title: string; description: string; legend: readonly LegendItem[]; source: string; scheme: Scheme }

/** Lines no wider than a width; Chinese may break anywhere, other words at spaces. */
function wrapped(pen: CanvasRenderingContext2D, text: string, width: number): string[] {
  const lines = ['']
  for (const piece of text.match(/[\u2e80-\uffef]|[^\s\u2e80-\uffef]+|\s+/g) ?? []) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && pen.measureText(line + piece).width > width) lines.push(piece.trimStart())
    else lines[lines.length - 1] = line + piece
  }
  return lines
}

const GAP = 16

/** The drawing with its title, what it says, its legend, and where and of when it is. */
export async function savePng(box: HTMLElement, { title, description, legend, source, scheme }: Picture, day: string | undefined): Promise<void> {
  const chart = getInstanceByDom(box)
  const canvas = document.createElement('canvas')
  const pen = canvas.getContext('2d')
  if (!chart || !pen) return
  const palette = COLOURS[scheme]
  const ratio = 2
  const [width, height] = [chart.getWidth(), chart.getHeight()]
  pen.font = `13px ${FONT}`
  const lines = wrapped(pen, description, width)
  const keys = legend.length > 0 ? 24 : 0
  canvas.width = (width + 2 * GAP) * ratio
  canvas.height = (2 * GAP + 28 + lines.length * 19 + keys + 8 + height + 26) * ratio
  pen.scale(ratio, ratio)
  pen.fillStyle = palette.surface
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.textBaseline = 'top'
  const write = (text: string, x: number, y: number, font: string, colour: string) => {
    pen.font = `${font} ${FONT}`
    pen.fillStyle = colour
    pen.fillText(text, x, y)
    return pen.measureText(text).width
  }
  write(title, GAP, GAP, '600 17px', palette.text)
  let y = GAP + 28
  for (const line of lines) {
    write(line, GAP, y, '13px', palette['text-2'])
    y += 19
  }
  let x = GAP
  for (const item of legend) {
    pen.strokeStyle = palette[item.colour]
    pen.lineWidth = item.kind === 'bar' ? 10 : 2.2
    pen.setLineDash(item.isDashed ? [4, 3] : [])
    pen.beginPath()
    pen.moveTo(x + (item.kind === 'bar' ? 4 : 0), y + 12)
    pen.lineTo(x + (item.kind === 'bar' ? 14 : 18), y + 12)
    pen.stroke()
    x += 24
    x += write(item.name, x, y + 5, '12.5px', palette['text-2']) + GAP
  }
  y += keys + 8
  pen.drawImage(chart.renderToCanvas({ pixelRatio: ratio, backgroundColor: palette.surface }), GAP, y, width, height)
  write(source, GAP, y + height + 10, '12px', palette['text-2'])
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'))
  if (blob) offer(blob, fileName(title, day, 'png'))
}

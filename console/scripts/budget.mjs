// Sizes of what a browser loads, gzip, from the build's manifest. Exact, so it may fail a build.
// First load: what index.html needs, with the texts of one language. A page adds: what its chunk needs beyond that. Charts are counted with the overview,
// and not again with other pages. A chunk that a page asks for later counts by itself, beyond that page.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const KB = 1024
const LIMITS = { first: 320 * KB, overview: 260 * KB, page: 80 * KB, total: 1200 * KB }
const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, 'utf8'))
const sizes = new Map()

function size(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(dist + file), { level: 9 }).length)
  return sizes.get(file)
}

/** Files that a chunk needs before it can run. */
function needs(key, found = new Set()) {
  const chunk = manifest[key]
  if (found.has(chunk.file)) return found
  found.add(chunk.file)
  for (const file of chunk.css ?? []) found.add(file)
  for (const each of chunk.imports ?? []) needs(each, found)
  return found
}

const sum = (files) => [...files].reduce((total, file) => total + size(file), 0)
const minus = (files, ...others) => [...files].filter((file) => !others.some((other) => other.has(file)))
const entry = Object.keys(manifest).find((key) => manifest[key].isEntry)
const texts = Object.keys(manifest).filter((key) => key.startsWith('src/i18n/'))
const longest = texts.toSorted((a, b) => size(manifest[b].file) - size(manifest[a].file))[0]
const first = needs(longest, needs(entry))
const overviewKey = 'src/pages/overview/OverviewPage.tsx'
const overview = needs(overviewKey)
const charts = new Set(Object.values(manifest).flatMap((chunk) => (chunk.name === 'charts' ? [chunk.file] : [])))

/** Files that are there already when a chunk is asked for: those of the chunks that ask for it. */
function before(key) {
  const askers = Object.keys(manifest).filter((each) => manifest[each].dynamicImports?.includes(key))
  return new Set([...first, ...charts, ...askers.flatMap((asker) => [...needs(asker)])])
}

const rows = [['first load', sum(first), LIMITS.first]]
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry || texts.includes(key)) continue
  const name = key.replace(/^src\//, '').replace(/\.tsx$/, '')
  if (key === overviewKey) rows.push([name, sum(minus(overview, first)), LIMITS.overview])
  else rows.push([name, sum(minus(needs(key), before(key))), LIMITS.page])
}
const everything = new Set(Object.values(manifest).flatMap((chunk) => [chunk.file, ...(chunk.css ?? [])]))
rows.push(['everything', sum(everything), LIMITS.total])

let isOver = false
for (const [name, bytes, limit] of rows) {
  const mark = bytes > limit ? 'OVER' : 'ok'
  isOver ||= bytes > limit
  process.stdout.write(`${name.padEnd(34)} ${(bytes / KB).toFixed(1).padStart(7)} KB of ${String(limit / KB).padStart(5)}  ${mark}\n`)
}
process.exitCode = isOver ? 1 : 0

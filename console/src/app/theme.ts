// Colours, in one place: the same values go to antd's tokens, to our style sheet (as --zk-… variables) and to charts.
// Contrast of every text colour here is at least 4.5:1 on the surfaces it stands on.
import { theme as antd, type ThemeConfig } from 'antd'

export type Scheme = 'light' | 'dark'

export const FONT =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif'

const light = {
  bg: '#f5f6f8',
  surface: '#ffffff',
  raised: '#f7f8fa',
  track: '#e8ebf0',
  border: '#e4e7ec',
  'border-strong': '#8b929d',
  grid: '#eceef2',
  text: '#1c2430',
  'text-2': '#4d5766',
  'text-3': '#5f6979',
  link: '#0958d9',
  primary: '#0958d9',
  'primary-soft': '#e8f1ff',
  better: '#0958d9',
  worse: '#b3480a',
  success: '#237804',
  warning: '#9a5b00',
  'warning-soft': '#fff7e6',
  error: '#cf1322',
  'error-soft': '#fff1f0',
  focus: '#0958d9',
  'series-1': '#1A4FA3',
  'series-2': '#DD6B10',
  'series-3': '#0A9B7A',
  'series-4': '#8E2F7B',
  'series-5': '#3893DA',
  'series-6': '#5C5C5C',
}

const dark: typeof light = {
  bg: '#0f1318',
  surface: '#181d24',
  raised: '#1f252e',
  track: '#2d3540',
  border: '#2d3540',
  'border-strong': '#7d8896',
  grid: '#262d37',
  text: '#e6e9ee',
  'text-2': '#b3bbc7',
  'text-3': '#9aa4b2',
  link: '#6aaaf5',
  primary: '#3c89e8',
  'primary-soft': '#16263d',
  better: '#6aaaf5',
  worse: '#f0a05a',
  success: '#6abe39',
  warning: '#e0a13a',
  'warning-soft': '#2b2111',
  error: '#ff7875',
  'error-soft': '#2e1718',
  focus: '#6aaaf5',
  'series-1': '#5B9BFF',
  'series-2': '#F28C38',
  'series-3': '#35C9A1',
  'series-4': '#D98BC9',
  'series-5': '#8FD3FF',
  'series-6': '#B8BCC4',
}

export const COLOURS: Record<Scheme, typeof light> = { light, dark }

/** What each concept is coloured, the same on every page. */
export const TIER_COLOUR = { core: 'series-1', potential: 'series-5', general: 'series-6', at_risk: 'series-2' } as const

/** Whether the reader has asked for less motion. */
export function isCalm(): boolean {
  return globalThis.matchMedia?.('(prefers-reduced-motion: reduce)').matches ?? false
}

/** Tokens for antd; its own defaults miss the contrast that WCAG AA asks for. */
export function antdTheme(scheme: Scheme): ThemeConfig {
  const c = COLOURS[scheme]
  const shared = {
    fontFamily: FONT,
    motion: !isCalm(),
    fontSize: 14,
    borderRadius: 6,
    colorBgLayout: c.bg,
    colorBgContainer: c.surface,
    colorBgElevated: scheme === 'dark' ? c.raised : c.surface,
    colorBorder: c['border-strong'],
    colorBorderSecondary: c.border,
    colorText: c.text,
    colorTextSecondary: c['text-2'],
    colorTextDescription: c['text-2'],
    colorTextTertiary: c['text-3'],
    colorTextPlaceholder: c['text-3'],
    colorLink: c.link,
  }
  const segmented = { trackBg: c.track, itemSelectedBg: c.surface, itemSelectedColor: c.link, itemColor: c['text-2'], itemHoverColor: c.text }
  // Text under the pointer is read too.
  const hovered = { defaultHoverColor: c.link, defaultHoverBorderColor: c.link, defaultActiveColor: c.link, defaultActiveBorderColor: c.link }
  if (scheme === 'light') {
    return {
      algorithm: antd.defaultAlgorithm,
      token: { ...shared, colorPrimary: c.primary, colorInfo: c.primary, colorSuccess: c.success, colorWarning: c.warning, colorError: c.error },
      components: { Segmented: segmented, Button: hovered },
      hashed: false,
    }
  }
  return {
    algorithm: antd.darkAlgorithm,
    token: { ...shared, colorPrimary: c.primary, colorInfo: c.primary, colorError: c.error, colorErrorText: c.error },
    components: { Segmented: segmented, Button: { ...hovered, primaryColor: '#ffffff', dangerColor: c.bg, colorPrimary: '#1c64c4', colorPrimaryHover: '#2a72d2', colorPrimaryActive: '#1657ad' } },
    hashed: false,
  }
}

/** Puts the colours where the style sheet finds them. */
export function paint(scheme: Scheme): void {
  const { style, dataset } = document.documentElement
  for (const [name, colour] of Object.entries(COLOURS[scheme])) style.setProperty(`--zk-${name}`, colour)
  style.setProperty('--zk-font', FONT)
  style.colorScheme = scheme
  dataset.theme = scheme
}

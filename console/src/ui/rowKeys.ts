// J and K (and the arrows, once a row has the focus) step from row to row; Space opens a row beside its list.
import { useEffect, useEffectEvent, useRef, type RefObject } from 'react'
import { useSettings } from '../app/settings'
import { isOnPage, plainKey } from './keys'

/** Tables that take keys carry this attribute; the first of a page answers while none of them has the focus. */
export const ROW_KEYS = 'data-row-keys'

/** What of a row takes the focus: its link or button, else the row itself. */
export function handleOf(row: HTMLElement): HTMLElement {
  return row.querySelector<HTMLElement>('th a, th button, a, button') ?? row
}

/** Puts the focus on a row, wherever it is listed. */
export function focusRow(key: string): void {
  const row = [...document.querySelectorAll<HTMLElement>('tr[data-row]')].find((each) => each.dataset.row === key)
  if (row) handleOf(row).focus()
}

export function useRowKeys(box: RefObject<HTMLElement | null>, isOn: boolean, onPeek: ((at: number) => void) | undefined): void {
  const { hasLetterKeys } = useSettings()
  const last = useRef(-1)

  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const key = plainKey(event)
    if (key === undefined || !box.current || !isOnPage(event)) return
    const focused = document.activeElement
    const isMine = box.current.contains(focused)
    if (!isMine) {
      const tables = [...document.querySelectorAll(`[${ROW_KEYS}]`)]
      if (tables[0] !== box.current || tables.some((table) => table.contains(focused))) return
    }
    const rows = [...box.current.querySelectorAll<HTMLElement>('tbody > tr')]
    const at = rows.findIndex((row) => row.contains(focused))
    const row = rows[at]
    const isOnHandle = row !== undefined && handleOf(row) === focused
    const step = hasLetterKeys && key === 'j' ? 1 : hasLetterKeys && key === 'k' ? -1 : isOnHandle && key === 'ArrowDown' ? 1 : isOnHandle && key === 'ArrowUp' ? -1 : 0
    if (step !== 0) {
      const from = at >= 0 ? at : last.current
      const next = rows[Math.max(0, Math.min(from + step, rows.length - 1))]
      if (!next) return
      event.preventDefault()
      last.current = rows.indexOf(next)
      handleOf(next).focus()
      next.scrollIntoView?.({ block: 'nearest' })
    } else if (key === ' ' && isOnHandle && !(focused instanceof HTMLButtonElement) && onPeek) {
      event.preventDefault()
      last.current = at
      onPeek(at)
    }
  })

  useEffect(() => {
    if (!isOn) return
    const listen = (event: KeyboardEvent) => onKey(event)
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [isOn])
}

// Which columns of a table are shown, chosen by the reader and kept in the browser.
import { TableOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { forget, keep, stored } from '../storage'
import type { Column } from './DataTable'

export type ChoosableColumn<Row> = Column<Row> & {
  /** Always shown. */
  isFixed?: boolean
  /** Shown only when asked for. */
  isExtra?: boolean
}

/** What was chosen otherwise than usual, by column; columns that come later are shown as usual. */
export type ColumnChoice = Record<string, boolean>

/** What of a value is a choice of columns. */
export function choiceIn(value: unknown): ColumnChoice {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean'))
}

function readChoice(key: string): ColumnChoice {
  try {
    return choiceIn(JSON.parse(stored(key) ?? '{}'))
  } catch {
    return {}
  }
}

/** The columns to show, and the control that chooses them. */
export function useColumns<Row>(list: string, columns: readonly ChoosableColumn<Row>[]): { shown: ChoosableColumn<Row>[]; chooser: ReactNode; choice: ColumnChoice; choose: (next: ColumnChoice) => void } {
  const key = `zhike.columns.${list}`
  const [choice, setChoice] = useState(() => readChoice(key))
  const isShown = (column: ChoosableColumn<Row>) => column.isFixed === true || (choice[column.key] ?? !column.isExtra)
  const choose = (next: ColumnChoice) => {
    setChoice(next)
    if (Object.keys(next).length > 0) keep(key, JSON.stringify(next))
    else forget(key)
  }
  const toggle = (column: ChoosableColumn<Row>) => {
    const now = !isShown(column)
    choose(Object.fromEntries(Object.entries({ ...choice, [column.key]: now }).filter(([name, on]) => columns.some((each) => each.key === name && on !== !each.isExtra))))
  }
  const chooser = (
    <Chooser
      options={columns.filter((column) => !column.isFixed || column.isHead).map((column) => ({ key: column.key, title: column.title, isShown: isShown(column), isFixed: column.isFixed === true, onToggle: () => toggle(column) }))}
      onReset={
        Object.keys(choice).length > 0 ? () => choose({}) : undefined
      }
    />
  )
  return { shown: columns.filter(isShown), chooser, choice, choose }
}

type Option = { key: string; title: ReactNode; isShown: boolean; isFixed: boolean; onToggle: () => void }

function Chooser({ options, onReset }: { options: Option[]; onReset: (() => void) | undefined }) {
  const { t } = useTranslation()
  const id = useId()
  const [isOpen, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)

  useEffect(() => {
    if (!isOpen) return
    const onPointer = (event: PointerEvent) => {
      if (!(event.target instanceof Node && box.current?.contains(event.target))) setOpen(false)
    }
    window.addEventListener('pointerdown', onPointer)
    return () => window.removeEventListener('pointerdown', onPointer)
  }, [isOpen])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !isOpen) return
    event.stopPropagation()
    setOpen(false)
    button.current?.focus()
  }
  return (
    <div
      ref={box}
      className="zk-chooser"
      onKeyDown={onKeyDown}
      onBlur={(event) => {
        if (event.relatedTarget instanceof Node && !box.current?.contains(event.relatedTarget)) setOpen(false)
      }}
    >
      <Button ref={button} icon={<TableOutlined aria-hidden="true" />} aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
        {t('columns.choose')}
      </Button>
      <div id={id} className="zk-chooser-panel" role="group" aria-label={t('columns.title')} hidden={!isOpen}>
        {isOpen && (
          <>
            {options.map((option) => (
              <label key={option.key} className="zk-check">
                <input type="checkbox" checked={option.isShown} disabled={option.isFixed} onChange={option.onToggle} />
                {option.title}
              </label>
            ))}
            <p className="zk-muted">{t('columns.kept')}</p>
            <Button size="small" disabled={!onReset} onClick={onReset}>
              {t('columns.reset')}
            </Button>
          </>
        )}
      </div>
    </div>
  )
}

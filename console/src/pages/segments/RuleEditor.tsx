// The conditions of a rule as rows within groups. Every row is moved, copied and removed by buttons or keys, and the focus
// follows it.
import { ArrowDownOutlined, ArrowUpOutlined, CloseOutlined, CopyOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Dropdown, Select } from 'antd'
import { useEffect, useRef, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { Problem } from '../../api/client'
import { useSettings } from '../../app/settings'
import { Condition } from './Condition'
import { isGroup, kindOfLeaf, lastId, LEAF_KINDS, MAX_DEPTH, MODES, newLeaf, type Action, type Group, type Item, type LeafKind, type Mode, type Node } from './rule'

type Props = {
  rule: Group
  dispatch: (action: Action) => void
  problems: readonly Problem[]
  /** Conditions that are to be filled in. */
  open: readonly number[]
}
/** What rows need beside themselves. */
type Desk = Omit<Props, 'rule' | 'dispatch'> & { act: (action: Action, focus?: string) => void }

export default function RuleEditor({ rule, dispatch, ...rest }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const focus = useRef<string>(undefined)
  useEffect(() => {
    if (focus.current === undefined) return
    box.current?.querySelector<HTMLElement>(focus.current)?.focus()
    focus.current = undefined
  }, [rule])
  const act = (action: Action, next?: string) => {
    focus.current = next
    dispatch(action)
  }
  return (
    <div ref={box} className="zk-rule">
      <GroupEditor group={rule} pointer="" label="" depth={0} next={lastId(rule) + 1} desk={{ ...rest, act }} />
    </div>
  )
}

type GroupProps = { group: Group; pointer: string; label: string; depth: number; next: number; desk: Desk }

function GroupEditor({ group, pointer, label, depth, next, desk }: GroupProps) {
  const { t } = useTranslation()
  const words: Record<Mode, string> = { all: t('segments.mode_all'), any: t('segments.mode_any'), none: t('segments.mode_none') }
  const isEmpty = group.items.length === 0
  return (
    <div className="zk-rule-group">
      <div className="zk-rule-line">
        <Select<Mode>
          aria-label={label ? `${label} ${t('segments.mode')}` : t('segments.mode')}
          popupMatchSelectWidth={false}
          value={group.mode}
          onChange={(mode) => desk.act({ type: 'mode', id: group.id, mode })}
          options={MODES.map((value) => ({ value, label: words[value] }))}
        />
      </div>
      {isEmpty && (depth === 0 && group.mode === 'all' ? <p className="zk-muted">{t('segments.no_conditions')}</p> : <p className="zk-rule-open">{t('segments.empty_group')}</p>)}
      <ol className="zk-rule-rows">
        {group.items.map((item, at) => (
          <Row key={item.id} node={item} pointer={`${pointer}/${group.mode}/${at}`} number={label ? `${label}.${at + 1}` : String(at + 1)} depth={depth} next={next} siblings={group.items} desk={desk} />
        ))}
      </ol>
      <Problems of={desk.problems.filter((problem) => problem.pointer === pointer || problem.pointer === `${pointer}/${group.mode}`)} />
      <div className="zk-rule-adders">
        <Dropdown
          trigger={['click']}
          menu={{
            items: LEAF_KINDS.map((kind) => ({ key: kind, label: t(`segments.leaf_${kind}`) })),
            onClick: ({ key }) => desk.act({ type: 'add', to: group.id, leaf: newLeaf(key as LeafKind) }, `[data-row-id="${next}"] .zk-rule-body input`),
          }}
        >
          <Button icon={<PlusOutlined aria-hidden="true" />} data-adder={group.id}>
            {t('segments.add')}
          </Button>
        </Dropdown>
        {depth < MAX_DEPTH - 1 && (
          <Button type="text" icon={<PlusOutlined aria-hidden="true" />} onClick={() => desk.act({ type: 'add', to: group.id }, `[data-row-id="${next}"] input`)}>
            {t('segments.add_group')}
          </Button>
        )}
      </div>
    </div>
  )
}

type RowProps = { node: Node; pointer: string; number: string; depth: number; next: number; siblings: readonly Node[]; desk: Desk }

function Row({ node, pointer, number, depth, next, siblings, desk }: RowProps) {
  const { t } = useTranslation()
  const { id } = node
  const what = isGroup(node) ? t('segments.group', { at: number }) : t('segments.condition', { at: number })
  const at = siblings.indexOf(node)
  const isEnd = (by: 1 | -1) => depth === 0 && siblings[at + by] === undefined
  const button = (name: string, of: number = id) => `[data-row-id="${of}"] > .zk-rule-tools [data-act="${name}"]`
  const move = (by: 1 | -1) => {
    if (!isEnd(by)) desk.act({ type: 'move', id, by }, button(by === 1 ? 'down' : 'up'))
  }
  const remove = () => {
    const neighbour = siblings[at + 1] ?? siblings[at - 1]
    desk.act({ type: 'remove', id }, neighbour ? button('remove', neighbour.id) : '[data-adder]')
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const isRemove = event.key === 'Delete' && (event.target as Element).closest('[data-act]') !== null
    const by = event.altKey && event.key === 'ArrowDown' ? 1 : event.altKey && event.key === 'ArrowUp' ? -1 : undefined
    if (!isRemove && by === undefined) return
    event.preventDefault()
    event.stopPropagation()
    if (by) move(by)
    else remove()
  }
  const tools = [
    { act: 'up', label: t('segments.up', { what }), icon: <ArrowUpOutlined aria-hidden="true" />, run: () => move(-1), isOff: isEnd(-1) },
    { act: 'down', label: t('segments.down', { what }), icon: <ArrowDownOutlined aria-hidden="true" />, run: () => move(1), isOff: isEnd(1) },
    { act: 'copy', label: t('segments.copy', { what }), icon: <CopyOutlined aria-hidden="true" />, run: () => desk.act({ type: 'copy', id }, button('copy', next)), isOff: false },
    { act: 'remove', label: t('segments.remove', { what }), icon: <CloseOutlined aria-hidden="true" />, run: remove, isOff: false },
  ]
  return (
    <li className="zk-rule-row" data-row-id={id} aria-label={what} onKeyDown={onKeyDown}>
      <span className="zk-rule-no" aria-hidden="true">
        {number}
      </span>
      <div className="zk-rule-body">{isGroup(node) ? <GroupEditor group={node} pointer={pointer} label={number} depth={depth + 1} next={next} desk={desk} /> : <Leaf item={node} pointer={pointer} desk={desk} />}</div>
      <div className="zk-rule-tools">
        {tools.map(({ act, label, icon, run, isOff }) => (
          <button key={act} type="button" data-act={act} className="zk-icon-button zk-rule-button" aria-label={label} title={label} aria-disabled={isOff} onClick={run}>
            {icon}
          </button>
        ))}
      </div>
    </li>
  )
}

function Leaf({ item, pointer, desk }: { item: Item; pointer: string; desk: Desk }) {
  const { t } = useTranslation()
  const problems = desk.problems.filter((problem) => problem.pointer === pointer || problem.pointer.startsWith(`${pointer}/`))
  const isWrong = (tail: string) => problems.some((problem) => problem.pointer === pointer + tail || problem.pointer.startsWith(`${pointer}${tail}/`))
  const change = (leaf: Item['leaf']) => desk.act({ type: 'change', id: item.id, leaf })
  return (
    <>
      <div className="zk-rule-condition">
        <Select<LeafKind>
          aria-label={t('segments.kind_of')}
          className="zk-rule-kind"
          popupMatchSelectWidth={false}
          value={kindOfLeaf(item.leaf)}
          onChange={(kind) => change(newLeaf(kind))}
          options={LEAF_KINDS.map((value) => ({ value, label: t(`segments.leaf_${value}`) }))}
        />
        <div className="zk-rule-parts">
          <Condition leaf={item.leaf} onChange={change} isWrong={isWrong} />
        </div>
      </div>
      {desk.open.includes(item.id) ? <p className="zk-rule-open">{t('segments.incomplete')}</p> : <Problems of={problems} />}
    </>
  )
}

function Problems({ of }: { of: readonly Problem[] }) {
  const { lang } = useSettings()
  if (of.length === 0) return null
  return (
    <ul className="zk-rule-problems">
      {of.map((problem) => (
        <li key={problem.pointer + problem.kind}>{lang === 'zh' ? problem.zh : problem.en}</li>
      ))}
    </ul>
  )
}

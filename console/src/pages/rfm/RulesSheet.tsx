// RFM 规则: how values become scores, groups and tiers. Whoever changes them first sees who would move.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { previewRules, putRules, rfmRulesQuery, type Dimension, type RfmRules } from '../../api/rfm'
import { useMay } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { DataTable } from '../../ui/DataTable'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { TIERS, word } from '../../words'
import { CUTS, cutsOf, DIMENSIONS, groupsOf, limitsOf, limitTexts, rangeOf, SCORES, withRange } from './rules'

type Answer = { version: number; rules: RfmRules; usual: RfmRules; currency: string }
type Preview = Awaited<ReturnType<typeof previewRules>>

export default function RulesSheet({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const query = useQuery(rfmRulesQuery)
  return (
    <Sheet title={t('rfm_rules.title')} closeLabel={t('customers.close')} onClose={onClose}>
      {query.isPending && <Skeleton rows={8} height={30} />}
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <RulesForm key={query.data.version} answer={query.data} onClose={onClose} />}
    </Sheet>
  )
}

function RulesForm({ answer, onClose }: { answer: Answer; onClose: () => void }) {
  const { t } = useTranslation()
  const id = useId()
  const cache = useQueryClient()
  const mayChange = useMay('rules.write')
  const [rules, setRules] = useState(answer.rules)
  const [texts, setTexts] = useState(limitTexts(answer.rules))
  const thresholds = limitsOf(texts)
  const edited = thresholds && { ...rules, thresholds }
  const preview = useMutation({ mutationFn: previewRules })
  const save = useMutation({
    mutationFn: putRules,
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: rfmRulesQuery.queryKey })
      onClose()
    },
  })
  // What was shown is of other rules now.
  const change = (part: Partial<RfmRules>) => {
    preview.reset()
    setRules((old) => ({ ...old, ...part }))
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (edited) preview.mutate(edited)
  }
  const reset = () => {
    change(answer.usual)
    setTexts(limitTexts(answer.usual))
  }
  const limits: { key: keyof typeof texts; label: string }[] = [
    { key: 'recency_days', label: t('rfm_rules.recency_days') },
    { key: 'frequency', label: t('rfm_rules.frequency') },
    { key: 'monetary', label: t('rfm_rules.monetary', { currency: answer.currency }) },
  ]
  return (
    <form className="zk-sheet-form zk-rfm-rules" onSubmit={submit}>
      <label htmlFor={`${id}-mode`}>{t('rfm_rules.mode')}</label>
      <select id={`${id}-mode`} className="zk-select" value={rules.mode} onChange={(event) => change({ mode: event.target.value === 'thresholds' ? 'thresholds' : 'quantile' })}>
        <option value="quantile">{t('rfm_rules.quantile')}</option>
        <option value="thresholds">{t('rfm_rules.thresholds')}</option>
      </select>
      {rules.mode === 'thresholds' &&
        limits.map(({ key, label }) => (
          <fieldset key={key}>
            <legend>{label}</legend>
            <div className="zk-rfm-limits">
              {texts[key].map((text, at) => (
                <label key={at}>
                  {t('rfm_rules.score', { score: 5 - at })}
                  <Input
                    value={text}
                    inputMode="decimal"
                    maxLength={15}
                    onChange={(event) => {
                      preview.reset()
                      setTexts((old) => ({ ...old, [key]: old[key].map((was, place) => (place === at ? event.target.value : was)) }))
                    }}
                  />
                </label>
              ))}
            </div>
          </fieldset>
        ))}
      {rules.mode === 'thresholds' && !thresholds && <p role="alert">{t('rfm_rules.not_numbers')}</p>}
      <GroupFields rules={rules} change={change} />
      <TierFields rules={rules} change={change} />
      {preview.error && <ErrorNotice error={preview.error} />}
      {preview.data && <Moves preview={preview.data} />}
      {save.error && <ErrorNotice error={save.error} />}
      <div className="zk-form-actions">
        <Button onClick={reset}>{t('rfm_rules.usual')}</Button>
        <Button htmlType="submit" type={preview.data ? 'default' : 'primary'} disabled={!edited} loading={preview.isPending}>
          {t('rfm_rules.preview')}
        </Button>
        {mayChange && preview.data && edited && (
          <Button type="primary" loading={save.isPending} onClick={() => save.mutate({ version: answer.version, rules: edited })}>
            {t('rfm_rules.save')}
          </Button>
        )}
      </div>
      <p className="zk-muted">{mayChange ? t('rfm_rules.note') : t('rfm_rules.read_only')}</p>
    </form>
  )
}

type Part = { rules: RfmRules; change: (part: Partial<RfmRules>) => void }

/** The eight groups: from which score on each of the three is high. */
function GroupFields({ rules, change }: Part) {
  const { t } = useTranslation()
  const cuts = cutsOf(rules.segments)
  return (
    <fieldset>
      <legend>{t('rfm_rules.groups')}</legend>
      {cuts ? (
        <div className="zk-rfm-limits">
          {DIMENSIONS.map((dimension) => (
            <label key={dimension}>
              {t('rfm_rules.high_from', { dimension: dimension.toUpperCase() })}
              <select className="zk-select" value={cuts[dimension]} onChange={(event) => change({ segments: groupsOf({ ...cuts, [dimension]: Number(event.target.value) }) })}>
                {CUTS.map((cut) => (
                  <option key={cut} value={cut}>
                    {cut}
                  </option>
                ))}
              </select>
            </label>
          ))}
        </div>
      ) : (
        <p className="zk-muted">{t('rfm_rules.own_groups')}</p>
      )}
    </fieldset>
  )
}

/** The tiers: the first rule that holds decides. */
function TierFields({ rules, change }: Part) {
  const { t } = useTranslation()
  const set = (at: number, rule: RfmRules['tiers'][number]) => change({ tiers: rules.tiers.map((old, place) => (place === at ? rule : old)) })
  const score = (at: number, dimension: Dimension, end: 0 | 1) => {
    const rule = rules.tiers[at]
    if (!rule) return null
    const range = rangeOf(rule.when, dimension)
    const name = t(end === 0 ? 'rfm_rules.lowest' : 'rfm_rules.highest', { dimension: dimension.toUpperCase(), n: at + 1 })
    return (
      <select
        className="zk-select"
        aria-label={name}
        value={range[end]}
        onChange={(event) => {
          const chosen = Number(event.target.value)
          set(at, { ...rule, when: withRange(rule.when, dimension, end === 0 ? [chosen, Math.max(chosen, range[1])] : [Math.min(chosen, range[0]), chosen]) })
        }}
      >
        {SCORES.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    )
  }
  return (
    <fieldset>
      <legend>{t('rfm_rules.tiers')}</legend>
      <ol className="zk-rfm-tiers">
        {rules.tiers.map((rule, at) => (
          <li key={at}>
            <select
              className="zk-select"
              aria-label={t('rfm_rules.tier_of', { n: at + 1 })}
              value={rule.tier}
              onChange={(event) => {
                const tier = TIERS.find((each) => each === event.target.value)
                if (tier) set(at, { ...rule, tier })
              }}
            >
              {TIERS.map((tier) => (
                <option key={tier} value={tier}>
                  {t(`tier.${tier}`)}
                </option>
              ))}
            </select>
            {DIMENSIONS.map((dimension) => (
              <span key={dimension} className="zk-rfm-range">
                <b aria-hidden="true">{dimension.toUpperCase()}</b>
                {score(at, dimension, 0)}–{score(at, dimension, 1)}
              </span>
            ))}
            {rule.when.sum && <span className="zk-muted">{t('rfm_rules.sum', { from: rule.when.sum[0], to: rule.when.sum[1] })}</span>}
            <button type="button" className="zk-link-button" onClick={() => change({ tiers: rules.tiers.filter((_, place) => place !== at) })}>
              {t('rfm_rules.remove', { n: at + 1 })}
            </button>
          </li>
        ))}
      </ol>
      <button type="button" className="zk-link-button" onClick={() => change({ tiers: [{ tier: 'potential', when: { r: [5, 5] } }, ...rules.tiers] })}>
        {t('rfm_rules.add')}
      </button>
    </fieldset>
  )
}

/** How many would stand where, and who would move. */
function Moves({ preview }: { preview: Preview }) {
  const { t } = useTranslation()
  const format = useFormat()
  if (!preview.as_of) return <Notice title={t('state.not_computed')} help={t('state.not_computed_help')} />
  const tier = (code: string) => {
    const known = TIERS.find((each) => each === code)
    return known ? t(`tier.${known}`) : code
  }
  const parts = [
    { key: 'tiers', title: t('overview.tiers'), rows: preview.tiers.map((each) => ({ name: tier(each.tier), now: each.n_now, then: each.n_then })), moves: preview.tier_moves.map((each) => ({ from: tier(each.from), to: tier(each.to), n: each.n_customers })) },
    {
      key: 'groups',
      title: t('overview.rfm'),
      rows: preview.groups.map((each) => ({ name: word(t, 'segment', each.rfm_segment), now: each.n_now, then: each.n_then })),
      moves: preview.group_moves.map((each) => ({ from: word(t, 'segment', each.from), to: word(t, 'segment', each.to), n: each.n_customers })),
    },
  ]
  return (
    <section className="zk-rfm-moves" aria-live="polite">
      <h3>{t('rfm_rules.would', { day: format.day(preview.as_of), n: format.people(preview.n_customers) })}</h3>
      {parts.map((part) => (
        <div key={part.key}>
          <DataTable
            caption={part.title}
            rows={part.rows}
            rowKey={(row) => row.name}
            keepsColumns
            columns={[
              { key: 'name', title: part.title, isHead: true, cell: (row) => row.name },
              { key: 'now', title: t('rfm_rules.now'), align: 'right', cell: (row) => format.people(row.now) },
              { key: 'then', title: t('rfm_rules.then'), align: 'right', cell: (row) => format.people(row.then) },
            ]}
          />
          {part.moves.length === 0 ? (
            <p className="zk-muted">{t('rfm_rules.nobody_moves')}</p>
          ) : (
            <ul>
              {part.moves.slice(0, 8).map((move) => (
                <li key={`${move.from}-${move.to}`}>{t('rfm_rules.move', { from: move.from, to: move.to, n: format.people(move.n) })}</li>
              ))}
            </ul>
          )}
        </div>
      ))}
    </section>
  )
}

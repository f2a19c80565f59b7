// An impact assessment as it was recorded, or one that is being written: a new one, or the next version of one.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { assessmentsQuery, recordAssessment, registerQuery } from '../../api/governance'
import type { ImpactAssessment, ProcessingActivity } from '../../api/types'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice } from '../../ui/states'

const WORDS = ['processing', 'necessity', 'risks', 'measures', 'conclusion'] as const

type Props = { id: string | undefined; purposes: readonly ProcessingActivity[]; onClose: () => void }

/** `id` is that of an assessment, whose newest version is meant, or of one of its versions: `pia_….2`. */
export default function AssessmentSheet({ id, purposes, onClose }: Props) {
  const { t } = useTranslation()
  const query = useQuery(assessmentsQuery)
  const [isWriting, setWriting] = useState(id === undefined)
  const [of, version] = id?.split('.') ?? []
  const found = query.data?.items.find((each) => each.assessment_id === of && (version === undefined ? !each.is_superseded : each.version === Number(version)))
  if (id !== undefined && !found) return null
  return (
    <Sheet title={found && !isWriting ? found.title : t(found ? 'register.supersede' : 'register.record')} closeLabel={t('register.close')} onClose={onClose}>
      {found && !isWriting ? <Read one={found} onSupersede={() => setWriting(true)} /> : <Write before={found} purposes={purposes} onClose={onClose} />}
    </Sheet>
  )
}

function Read({ one, onSupersede }: { one: ImpactAssessment; onSupersede: () => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  return (
    <>
      <dl className="zk-facts">
        <div>
          <dt>{t('register.author')}</dt>
          <dd>
            {one.author} · {format.instant(one.at)} · {t('register.version')} {one.version}
          </dd>
        </div>
        <div>
          <dt>{t('register.purposes')}</dt>
          <dd>{one.purposes.join(' · ') || '--'}</dd>
        </div>
        {WORDS.map((each) => (
          <div key={each}>
            <dt>{t(`register.${each}`)}</dt>
            <dd className="zk-said">{one[each]}</dd>
          </div>
        ))}
      </dl>
      {!one.is_superseded && (
        <div className="zk-form-actions">
          <Button onClick={onSupersede}>{t('register.supersede')}</Button>
        </div>
      )}
    </>
  )
}

function Write({ before, purposes, onClose }: { before: ImpactAssessment | undefined; purposes: readonly ProcessingActivity[]; onClose: () => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const id = useId()
  const cache = useQueryClient()
  const [chosen, setChosen] = useState<readonly string[]>(before?.purposes ?? [])
  const [draft, setDraft] = useState({
    title: before?.title ?? '',
    processing: before?.processing ?? '',
    necessity: before?.necessity ?? '',
    risks: before?.risks ?? '',
    measures: before?.measures ?? '',
    conclusion: before?.conclusion ?? '',
  })
  const save = useMutation({
    mutationFn: () => recordAssessment({ ...draft, purposes: [...chosen], supersedes: before?.assessment_id ?? null }),
    onSuccess: async () => {
      await Promise.all([cache.invalidateQueries({ queryKey: assessmentsQuery.queryKey }), cache.invalidateQueries({ queryKey: registerQuery.queryKey })])
      onClose()
    },
  })
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form className="zk-sheet-form" onSubmit={submit}>
      <p className="zk-muted">{t('register.assessments_hint')}</p>
      <label htmlFor={`${id}-title`}>{t('register.name')}</label>
      <Input id={`${id}-title`} value={draft.title} maxLength={120} onChange={(event) => setDraft({ ...draft, title: event.target.value })} />
      <fieldset className="zk-purposes">
        <legend>{t('register.purposes')}</legend>
        {purposes.map((each) => (
          <label key={each.purpose} className="zk-check">
            <input
              type="checkbox"
              checked={chosen.includes(each.purpose)}
              onChange={(event) => setChosen(event.target.checked ? [...chosen, each.purpose] : chosen.filter((one) => one !== each.purpose))}
            />
            {lang === 'zh' ? each.name_zh : each.name}
          </label>
        ))}
      </fieldset>
      {WORDS.map((each) => (
        <div key={each} className="zk-field">
          <label htmlFor={`${id}-${each}`}>{t(`register.${each}`)}</label>
          <Input.TextArea id={`${id}-${each}`} rows={3} maxLength={4000} value={draft[each]} onChange={(event) => setDraft({ ...draft, [each]: event.target.value })} />
        </div>
      ))}
      {save.error && <ErrorNotice error={save.error} />}
      <div className="zk-form-actions">
        <Button type="primary" htmlType="submit" disabled={Object.values(draft).some((text) => text.trim() === '')} loading={save.isPending}>
          {t('register.save')}
        </Button>
      </div>
    </form>
  )
}

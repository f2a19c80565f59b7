// 同意与用途: what data are used for, on what ground, and how many agreed.
import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { consentsQuery } from '../../api/consents'
import type { ConsentSummary, Purpose } from '../../api/types'
import { useMay } from '../../app/session'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { Parts } from '../../ui/Parts'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { PurposeForm } from './PurposeForm'
import { basisWord, nameOf, separateWord } from './words'

export default function ConsentsPage() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const query = useQuery(consentsQuery)
  const mayChange = useMay('policy.change')
  const [open, setOpen] = useState<Purpose | 'new'>()
  const count = (key: string, title: string, of: (row: ConsentSummary) => number): Column<ConsentSummary> => ({ key, title, align: 'right', cell: (row) => format.count(of(row)) })
  const columns: Column<ConsentSummary>[] = [
    { key: 'name', title: t('consents.purpose'), isHead: true, cell: ({ purpose }) => (mayChange ? <button type="button" className="zk-link-button" onClick={() => setOpen(purpose)}>{nameOf(purpose, lang)} · {purpose.code}</button> : <Parts parts={[nameOf(purpose, lang), purpose.code]} />) },
    { key: 'basis', title: t('consents.basis'), cell: ({ purpose }) => <span title={purpose.basis_note || undefined}>{basisWord(t, purpose.basis)}</span> },
    { key: 'separate', title: t('consents.separate'), cell: ({ purpose }) => (purpose.separate ? separateWord(t, purpose.separate) : '--') },
    { key: 'policy', title: t('consents.policy'), cell: ({ purpose }) => purpose.policies.at(-1)?.version ?? '--' },
    count('granted', t('consents.state_granted'), (row) => row.n_granted),
    count('withdrawn', t('consents.state_withdrawn'), (row) => row.n_withdrawn),
    count('outdated', t('consents.state_outdated'), (row) => row.n_outdated),
    count('unknown', t('consents.state_unknown'), (row) => row.n_unknown),
    count('allowed', t('consents.allowed'), (row) => row.n_allowed),
    count('excluded', t('consents.excluded'), (row) => row.excluded.total),
  ]
  return (
    <Page
      title={t('consents.title')}
      question={t('consents.question')}
      actions={
        mayChange && (
          <Button type="primary" onClick={() => setOpen('new')}>
            {t('consents.new_purpose')}
          </Button>
        )
      }
    >
      <Card title={t('consents.purposes')} hint={t('consents.purposes_hint')}>
        {query.isPending && <Skeleton rows={9} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && <DataTable caption={t('consents.purposes')} columns={columns} rows={query.data.items} rowKey={(row) => row.purpose.code} />}
      </Card>
      {open && <PurposeForm key={open === 'new' ? 'new' : open.code} purpose={open === 'new' ? undefined : open} onClose={() => setOpen(undefined)} />}
    </Page>
  )
}

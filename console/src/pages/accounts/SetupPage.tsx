// 首次使用: the first administrator, by whoever holds the link that the server printed.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { Button, Input } from 'antd'
import { useEffect, useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { sessionQuery, setUp, setupQuery } from '../../api/accounts'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { isChosen, NewPassword, NOTHING_CHOSEN } from './NewPassword'
import { tokenIn } from './token'
import './accounts.css'

export default function SetupPage() {
  const { t } = useTranslation()
  const query = useQuery(setupQuery)
  useEffect(() => {
    document.title = `${t('access.setup')} · ${t('app.name')}`
  }, [t])
  return (
    <div className="zk-card zk-way-in">
      {query.data?.needed === false ? (
        <Notice headingLevel={1} title={t('access.setup_done')} help={t('access.setup_done_help')} action={<Link to="/sign-in">{t('access.sign_in')}</Link>} />
      ) : (
        <>
          <h1 className="zk-page-title">{t('access.setup')}</h1>
          {query.isPending && <Skeleton rows={4} height={30} />}
          {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
          {query.data && <SetupForm />}
        </>
      )}
    </div>
  )
}

function SetupForm() {
  const { t } = useTranslation()
  const id = useId()
  const cache = useQueryClient()
  const router = useRouter()
  // The link carries it behind the #, which no browser sends anywhere.
  const [fromLink] = useState(() => tokenIn(location.hash))
  const [link, setLink] = useState('')
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState(NOTHING_CHOSEN)
  const token = fromLink ?? tokenIn(link)
  const make = useMutation({
    mutationFn: ({ with: held }: { with: string }) => setUp(held, name.trim(), chosen.password),
    onSuccess: (session) => {
      cache.setQueryData(sessionQuery.queryKey, session)
      cache.setQueryData(setupQuery.queryKey, { needed: false, sso: null })
      router.history.replace('/')
    },
  })
  const isReady = token !== undefined && name.trim() !== '' && isChosen(chosen, name.trim())
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (isReady && !make.isPending) make.mutate({ with: token })
  }
  return (
    <form className="zk-sign-in" onSubmit={submit}>
      <p className="zk-muted">{t('access.setup_help')}</p>
      {fromLink === undefined && (
        <div className="zk-field">
          <label htmlFor={`${id}-link`}>{t('access.setup_link')}</label>
          <Input id={`${id}-link`} value={link} autoComplete="off" spellCheck={false} aria-describedby={`${id}-link-help`} onChange={(event) => setLink(event.target.value)} />
          <p id={`${id}-link-help`} className="zk-field-help">
            {t('access.setup_link_help')}
          </p>
        </div>
      )}
      <div className="zk-field">
        <label htmlFor={`${id}-name`}>{t('access.name')}</label>
        <Input id={`${id}-name`} value={name} autoComplete="username" autoCapitalize="none" spellCheck={false} maxLength={64} autoFocus={fromLink !== undefined} onChange={(event) => setName(event.target.value)} />
      </div>
      <NewPassword chosen={chosen} onChange={setChosen} name={name.trim()} />
      {make.isError && <ErrorNotice error={make.error} title={t('access.setup_failed')} />}
      <Button type="primary" htmlType="submit" block loading={make.isPending} disabled={!isReady}>
        {t('access.setup_make')}
      </Button>
    </form>
  )
}

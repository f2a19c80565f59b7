// What stands where nothing has been loaded yet: why, and what to do next.
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Notice } from '../ui/states'
import { May } from './session'
import { useWorkspace } from './workspace'

/** Whether it is known that the workspace holds neither customers nor orders. */
export function useHasNothing(): boolean {
  const { data } = useWorkspace()
  return data?.n_profiles === 0 && data.n_orders === 0
}

export function NoData() {
  const { t } = useTranslation()
  return (
    <Notice
      title={t('state.no_data')}
      help={t('state.no_data_help')}
      action={
        <May to="imports.run">
          <Link className="zk-button" to="/data/imports/new">
            {t('state.to_import')}
          </Link>
        </May>
      }
      detail={t('state.no_data_demo')}
    />
  )
}

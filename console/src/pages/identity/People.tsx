import { Link } from '@tanstack/react-router'
import './identity.css'

/** A few customers, each leading to the page. */
export function People({ ids }: { ids: readonly string[] }) {
  return (
    <span className="zk-ids">
      {ids.map((profileId) => (
        <Link key={profileId} to="/customers/$profileId" params={{ profileId }} search={{ tab: 'identities' }}>
          {profileId.slice(-6)}
        </Link>
      ))}
    </span>
  )
}

import sys

import sensorsanalytics

url, key = sys.argv[1:3]
address = f"{url}/sa?project=default&token={key}"
user = "u-sensors-python"

# One by one, then in batches: the two encode differently.
single = sensorsanalytics.SensorsAnalytics(sensorsanalytics.DefaultConsumer(address))
single.track_signup(user, "a-sensors-python")
single.profile_set(user, {"$name": "李四", "level": "gold"}, is_login_id=True)
single.close()

batched = sensorsanalytics.SensorsAnalytics(sensorsanalytics.BatchConsumer(address, max_size=10))
batched.track(user, "SignIn", {"store": "徐汇店"}, is_login_id=True)
batched.track(
    user, "order_completed", {"order_id": "o-sensors-python", "total": 33.3, "currency": "CNY"}, is_login_id=True
)
batched.item_set("book", "b-2", {"title": "围城"})
batched.track_by_id(
    "IdSignIn", {"store": "静安店"}, sensorsanalytics.SensorsAnalyticsIdentity("$identity_mobile", "13900000005")
)
batched.close()

# Checked, not stored; an answer other than 200 raises.
debug = sensorsanalytics.SensorsAnalytics(sensorsanalytics.DebugConsumer(address, write_data=False))
debug.track(user, "NeverStored", {}, is_login_id=True)
debug.close()

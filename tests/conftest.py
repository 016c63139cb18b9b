from hypothesis import settings

settings.register_profile("skextras", deadline=None, derandomize=True)
settings.load_profile("skextras")

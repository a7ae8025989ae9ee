def select(dataset, first=None, fraction=1.0, holdout=0.0, seed=0):
    return dataset

"""Who somebody is: tokens that are verified here, the service that gives them, and the browsers they sign in with."""

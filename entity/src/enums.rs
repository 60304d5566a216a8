//! Enums that more than one table or slice speaks.

choices! {
    /// Where a touch, a campaign or a message takes place.
    pub enum Channel {
        /// E-mail.
        Email,
        /// Telephone.
        Phone,
        /// Text message.
        Sms,
        /// Our own website.
        Website,
        /// Found through a search engine, unpaid.
        OrganicSearch,
        /// Advertisement in a search engine.
        PaidSearch,
        /// Posts on social networks, unpaid.
        OrganicSocial,
        /// Advertisement on social networks.
        PaidSocial,
        /// Banner and other display advertising.
        Display,
        /// Video platforms.
        Video,
        /// Events in person, such as a trade fair.
        Event,
        /// Events online.
        Webinar,
        /// Press and public relations.
        Pr,
        /// Through a partner company.
        Partner,
        /// Recommended by somebody.
        Referral,
        /// Letters and parcels.
        DirectMail,
        /// Came straight to us: typed the address or used a bookmark.
        Direct,
        /// Anything else.
        Other,
    }

    /// What a campaign is for.
    pub enum Objective {
        /// Become known.
        Awareness,
        /// Get people to interact with us.
        Engagement,
        /// Find people who may buy.
        LeadGeneration,
        /// Turn interest into deals.
        Conversion,
        /// Keep customers.
        Retention,
        /// Learn about the market.
        Research,
    }

    /// How soon something is meant to pay off.
    pub enum Horizon {
        /// Within one quarter.
        ShortTerm,
        /// Later than one quarter.
        LongTerm,
    }

    /// How a lead, or a campaign member, came to us.
    pub enum LeadSource {
        /// Brought by a campaign. Such leads count as sourced by marketing.
        Campaign,
        /// Got in touch by themselves.
        Inbound,
        /// Met at an event.
        Event,
        /// Recommended by somebody.
        Referral,
        /// Brought by a partner company.
        Partner,
        /// Approached by sales.
        Outbound,
        /// Loaded from a file.
        Import,
        /// Written by another system.
        Api,
        /// Anything else.
        Other,
    }

    /// Whether a deal is still open, and how it ended. Always the category of its stage.
    pub enum DealStatus {
        /// Not decided yet.
        Open,
        /// The customer bought.
        Won,
        /// The customer did not buy.
        Lost,
    }

    /// Why a deal was lost.
    pub enum LossReason {
        /// Too expensive.
        Price,
        /// Somebody else won it.
        Competitor,
        /// Not now.
        Timing,
        /// There was no money for it.
        NoBudget,
        /// The customer never decided.
        NoDecision,
        /// We lack something the customer needs.
        ProductGap,
        /// Not the kind of customer we sell to.
        NotAFit,
        /// The customer no longer answers.
        LostContact,
        /// Anything else; see the comment.
        Other,
    }

    /// Why sales gave a lead back, or why a lead was disqualified.
    pub enum HandoffReason {
        /// Not the kind of customer we sell to.
        NotOurMarket,
        /// There is no money for it.
        NoBudget,
        /// The person cannot decide and knows nobody who can.
        NoAuthority,
        /// There is no need for what we offer.
        NoNeed,
        /// Not now.
        BadTiming,
        /// Name, address or number is wrong.
        BadData,
        /// We already have this person or request.
        Duplicate,
        /// The person cannot be reached.
        Unreachable,
        /// A student or a competitor who is only looking.
        StudentOrCompetitor,
        /// Anything else; a comment is required.
        Other,
    }
}
